// @ts-check
/** What the page shows, as text behind the # of its address: a link brings everybody to the same place. */

/** @typedef {Record<string, string>} State */

const EVERY = 100; // milliseconds between two changes of the address: browsers refuse very many
let pending = ""; // the next address
let before = ""; // the address that it takes the place of
let timer = 0;

/** @returns {State} */
export function read() {
  flush();
  return Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
}

/** Show a room, and these values of it alone; values that are undefined have no place. @param {Record<string, string | number | undefined>} values */
export function write(values) {
  const all = new URLSearchParams(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
  all.sort();
  [pending, before] = [`#${all}`, location.hash];
  if (timer) return;
  flush();
  timer = window.setTimeout(() => {
    timer = 0;
    flush();
  }, EVERY);
}

/** Write what is pending, unless a link was followed since. */
function flush() {
  if (pending && location.hash === before) history.replaceState(null, "", pending);
  pending = "";
}
