// node run_plan.mjs SCRIPT MODULE FOLDER NAME: train as native.py did, and write the parameters; prints the sums of losses
import fs from "node:fs";

const [script, module, folder, name] = process.argv.slice(2);
const { Machine, decoded } = await import(`${script}/memory.js`);
const { Program } = await import(`${script}/program.js`);
const file = kind => new Uint8Array(fs.readFileSync(`${folder}/${name}.${kind}`));

const machine = await Machine.start(new Uint8Array(fs.readFileSync(module)));
const known = JSON.parse(fs.readFileSync(`${folder}/${name}.json`, "utf8"));
const plan = { ...known.plan, ...Object.fromEntries(["steps", "table", "phases"].map(each => [each, decoded(known.plan[each])])) };
const before = file("before");
const parameters = machine.place(before), images = machine.place(file("images")), labels = machine.place(file("labels"));
const program = new Program(machine, plan, parameters);
const sums = [];
for (let batch = 0; batch < known.keys.length; batch++) {
  const order = known.order.slice(batch * plan.batch, (batch + 1) * plan.batch);
  const numbers = Object.fromEntries(plan.numbers.map((each, n) => [each, known.numbers[batch][n]]));
  const { loss, right } = program.run(order, { images, labels, numbers, key: BigInt(known.keys[batch]) });
  sums.push([loss, right]);
}
fs.writeFileSync(`${folder}/${name}.page`, machine.bytes(parameters, before.length));
console.log(JSON.stringify(sums));
