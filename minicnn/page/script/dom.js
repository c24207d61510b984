// @ts-check
/** Elements, numbers as text, files to save. */

/** @typedef {string | number | Node | null | undefined | false} Child */

/**
 * An element; names that begin with "on" are listeners, others attributes, true an empty one, false and null none.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} [properties] @param {...Child} children @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. @param {string} tag @param {Record<string, any>} [properties] @param {...Child} children @returns {SVGElement} */
export function s(tag, properties = {}, ...children) {
  return fill(/** @type {SVGElement} */ (document.createElementNS("http://www.w3.org/2000/svg", tag)), properties, children);
}

/** @template {Element} E @param {E} element @param {Record<string, any>} properties @param {Child[]} children @returns {E} */
function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(/** @type {any} */ (child));
  return element;
}

/** @template {HTMLElement} E @param {string} id @param {new () => E} kind @returns {E} */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`there is no ${id}`);
  return found;
}

/** A number as text: three digits that count, a proper minus. @param {number} value @param {number} digits */
export function num(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const text = Number.isInteger(value) && Math.abs(value) < 1e5 ? String(value)
    : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(digits - 1)
    : String(+value.toPrecision(digits));
  return text.replace("-", "−");
}

/** @param {number} share @param {number} [digits] behind the point */
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)}\u00a0%`;

let counted = 0;
/** A name for an element that no other has. @param {string} word */
export const unique = word => `${word}-${++counted}`;

/** A labelled control. @param {string} label @param {HTMLElement} control @param {string} [hint] */
export function field(label, control, hint) {
  control.id ||= unique("control");
  if (hint) control.title = hint;
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

/** A button that asks for a file. @param {string} words @param {HTMLInputElement} input */
export const picker = (words, input) => h("label", { class: "button", title: "stays in this page: nothing is uploaded" }, words, input);

/** A choice; options are names, or [value, name]. @param {(string | [string, string])[]} options @param {(value: string) => void} chosen */
export function choice(options, chosen) {
  const select = h("select", { onchange: () => chosen(select.value) });
  for (const each of options) select.append(new Option(...(typeof each === "string" ? [each, each] : [each[1], each[0]])));
  return select;
}

/** Choose what is there; an address may name what is not. @param {HTMLSelectElement} select @param {string | undefined} value */
export function pick(select, value) { if ([...select.options].some(each => each.value === value)) select.value = /** @type {string} */ (value); }

/** The number of a control within its bounds, and whole where its steps are; the control shows it, too. @param {HTMLInputElement} control @param {string} [value] */
export function bounded(control, value = control.value) {
  const { min, max, step } = control, given = Number(value), low = Math.max(min === "" ? -1e6 : Number(min), Math.min(max === "" ? 1e6 : Number(max), value.trim() === "" || Number.isNaN(given) ? 0 : given));
  const number = step ? low : Math.round(low);
  if (String(number) !== control.value) control.value = String(number);
  return number;
}

/** Row and column, as an address names them. @param {string} text @returns {[number, number]} */
export const placeIn = text => /** @type {[number, number]} */ ([0, 1].map(axis => Math.max(0, Math.round(Number(text.split(",")[axis])) || 0)));

/** Save text or bytes under a name. @param {string} name @param {BlobPart} content @param {string} type */
export function save(name, content, type) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** Say something to those who listen. @param {string} words */
export function say(words) { byId("says", HTMLElement).textContent = words; }
