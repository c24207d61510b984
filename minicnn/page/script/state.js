// @ts-check
/** What the page shows, as text behind the # of its address: a link brings everybody to the same place. */

/** @typedef {Record<string, string>} State */

/** @returns {State} */
export const read = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));

/** Write some of it, and leave the rest; values that are undefined go. @param {Record<string, string | number | undefined>} values */
export function write(values) {
  const all = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) all.delete(name);
    else all.set(name, String(value));
  }
  all.sort();
  history.replaceState(null, "", `#${all}`);
}
