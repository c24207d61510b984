// @ts-check
/** One number of an output, product by product, beside the Python loop that computes it. */
import { h, num, say } from "./dom.js";
import { flat } from "./loops.js";

/**
 * What is explained: a loop with its arguments, the place of an output, and the number that the compiled loop wrote there.
 * @typedef {{loop: string, output: string, place: number[], given: Record<string, import("./loops.js").Given>, written: number}} Question
 */

const ROWS = 60; // of the table at once

export class Explanation {
  /** @param {import("./loops.js").Loops} loops @param {(reads: [string, number[]][]) => void} reading called with what the shown step reads */
  constructor(loops, reading) {
    this.loops = loops;
    this.reading = reading;
    this.steps = /** @type {import("./loops.js").Stop[]} */ ([]);
    this.question = /** @type {Question | null} */ (null);
    this.playing = 0;
    this.title = h("p", { class: "mono title" });
    this.verdict = h("p", { class: "verdict", role: "status" });
    this.letters = h("p", { class: "mono letters" });
    this.numbers = h("p", { class: "mono numbers" });
    this.table = h("table", { class: "products" });
    this.text = h("pre", { class: "loop", tabindex: 0, "aria-label": "the loop in Python" });
    this.slider = h("input", { type: "range", min: 0, value: 0, "aria-label": "step of the loop", oninput: () => this.go(Number(this.slider.value)) });
    this.play = h("button", { type: "button", onclick: () => this.toggle() }, "step by step");
    this.element = h("div", { class: "explanation" },
      h("div", {}, this.title, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "products" }, this.table), this.verdict),
      h("div", {}, h("div", { class: "buttons" }, this.play,
        h("button", { type: "button", "aria-label": "previous step", onclick: () => this.go(this.at - 1) }, "◂"), this.slider,
        h("button", { type: "button", "aria-label": "next step", onclick: () => this.go(this.at + 1) }, "▸")), this.letters, this.text, this.numbers));
  }

  get at() { return Number(this.slider.value); }

  /** @param {Question} question */
  ask(question) {
    const { loops } = this, { loop, output, place, given, written } = question, known = loops.of(loop);
    this.stop();
    this.question = question;
    this.steps = loops.steps(loop, output, place, given);
    this.slider.max = String(Math.max(0, this.steps.length - 1));
    this.slider.value = this.slider.max;
    this.title.textContent = `${output}[${place.join(", ")}] of ${loop}`;
    this.text.replaceChildren(...known.text.map((line, n) => h("span", { "data-line": known.lines[n] }, line + "\n")));
    this.fillTable();
    const stores = this.steps.filter(([kind]) => kind === "store"), total = stores.at(-1)?.[4] ?? 0;
    const rounded = Math.fround(total), same = Object.is(rounded, written) || rounded === written || Number.isNaN(rounded) && Number.isNaN(written);
    this.verdict.className = same ? "verdict right" : "verdict wrong";
    this.verdict.textContent = `${output}[${place.join(", ")}] = ${num(rounded, 6)}; `
      + (same ? "the compiled loop wrote the same number, to the last bit" : `the compiled loop wrote ${num(written, 9)}`);
    this.show();
    return same;
  }

  /** The steps that read something, and those that had nothing to read. */
  fillTable() {
    const told = this.steps.filter(([kind, , , reads]) => kind === "skip" || reads.length), names = Object.keys(told.at(-1)?.[2] ?? {});
    const moving = new Set(names.filter(name => name.length === 1 && told.some(([, , letters]) => name in letters && letters[name] !== told.at(-1)?.[2][name])));
    const rows = told.map(stop => this.row(stop, moving)), left = rows.length - ROWS;
    const shown = left > 0 ? [...rows.slice(0, ROWS - 5), h("tr", {}, h("td", { colspan: 4, class: "dim" }, `… ${left + 5 - 5} more …`)), ...rows.slice(-5)] : rows;
    this.table.replaceChildren(h("thead", {}, h("tr", {}, ...["letters", "reads", "gives", "so far"].map(word => h("th", { scope: "col" }, word)))), h("tbody", {}, ...shown));
  }

  /** @param {import("./loops.js").Stop} stop @param {Set<string>} moving letters that are not the same in all rows */
  row([kind, , letters, reads, value], moving) {
    const own = Object.entries(letters).filter(([name]) => moving.has(name)).map(([name, each]) => `${name}\u00a0${each}`).join(" ");
    const sum = ["total", "best", "sum"].map(name => letters[name]).find(each => each !== undefined);
    const read = reads.filter(([, , each]) => each !== undefined).map(([array, place, each]) => `${array}[${place.join(",")}]\u00a0${num(/** @type {number} */ (each))}`);
    return h("tr", { class: kind }, h("td", {}, own), h("td", {}, kind === "skip" ? "outside: nothing" : read.join("  ×  ")),
      h("td", { class: "value" }, value === null ? "" : num(value, 4)), h("td", { class: "value" }, sum === undefined ? "" : num(sum, 5)));
  }

  /** @param {number} step */
  go(step) {
    this.slider.value = String(Math.max(0, Math.min(this.steps.length - 1, step)));
    this.show();
  }

  /** The line, the letters and the places of the step that the slider is at. */
  show() {
    const stop = this.steps[this.at];
    if (!stop) return this.reading([]);
    const [kind, line, letters, reads] = stop;
    for (const each of this.text.children) each.classList.toggle("now", each.getAttribute("data-line") === String(line));
    const now = this.text.querySelector(".now");
    if (now instanceof HTMLElement) this.text.scrollTop = now.offsetTop - this.text.clientHeight / 2;
    this.letters.textContent = Object.entries(letters).map(([name, value]) => `${name} ${num(value, 4)}`).join("   ");
    this.numbers.textContent = this.withNumbers(line, kind, letters, stop[4]);
    const whole = this.at === this.steps.length - 1;
    this.reading((whole ? this.steps : [stop]).flatMap(([, , , every]) => every.map(([array, place]) => /** @type {[string, number[]]} */ ([array, place]))));
    if (!whole) say(`line ${line}, ${kind === "skip" ? "nothing to do" : reads.map(([array, , value]) => `${array} ${num(value ?? NaN)}`).join(" times ")}`);
  }

  /** A line with numbers in place of letters and settings: the index map, worked out. @param {number} line @param {string} kind @param {Record<string, number>} letters @param {number | null} value */
  withNumbers(line, kind, letters, value) {
    const { loop, given } = /** @type {Question} */ (this.question), { text, lines } = this.loops.of(loop), words = text[lines.indexOf(line)]?.trim() ?? "";
    const [target, sign, right] = kind === "set" && words.includes(" = ") ? [words.slice(0, words.indexOf(" = ")), " = ", words.slice(words.indexOf(" = ") + 3)] : ["", "", words];
    const known = { ...Object.fromEntries(Object.entries(given).filter(([, each]) => typeof each === "number")), ...letters }, own = new Set(target.split(", "));
    const filled = right.replace(/(?<![\w.])[A-Za-z_]\w*(?![\w(\[.])/g, name => (name in known && !(own.has(name) && kind === "set") ? num(/** @type {any} */ (known)[name], 4) : name));
    return filled === right && kind !== "set" ? "" : `${target}${sign}${filled}${kind === "set" && value !== null && filled !== num(value, 4) ? ` = ${num(value, 4)}` : ""}`;
  }

  toggle() {
    if (this.playing) return this.stop();
    if (this.at === this.steps.length - 1) this.go(0);
    this.play.textContent = "stop";
    this.playing = window.setInterval(() => (this.at < this.steps.length - 1 ? this.go(this.at + 1) : this.stop()), 350);
  }

  stop() {
    window.clearInterval(this.playing);
    this.playing = 0;
    this.play.textContent = "step by step";
  }
}

/** The number at a place. @param {import("./loops.js").Tensor} array @param {number[]} place */
export const at = (array, place) => array.data[flat(array.shape, place)];
