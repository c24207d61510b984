// node judge.mjs SCRIPT MODULE CASE: how far the outputs of a case are right, as the page says it
import fs from "node:fs";

const [script, module, file] = process.argv.slice(2);
const { Machine } = await import(`${script}/memory.js`);
const { Loops } = await import(`${script}/loops.js`);
const { judged } = await import(`${script}/answers.js`);
const known = JSON.parse(fs.readFileSync(file, "utf8"));
const loops = new Loops(await Machine.start(new Uint8Array(fs.readFileSync(module))), known.loops, {});
const { figure, wrong } = judged(loops, known.network, Float32Array.from(known.scores), Float32Array.from(known.truth), known.tests, []);
console.log(JSON.stringify({ figure, found: Object.fromEntries(wrong.map(({ image, found }) => [image, found])) }));
