// @ts-check
/** The fourth room: worked examples of lectures, each a link into the page. */
import { h } from "./dom.js";

/** [heading, [what, where], ...] @type {[string, [string, string][]][]} */
const EXAMPLES = [
  ["convolution, number by number", [
    ["5 x 5 by 3 x 3: 12 12 17 / 10 17 19 / 9 6 14, nine frames (Dumoulin, Visin, 2016, figure 2.1)",
      "room=slide&kind=conv&axes=2&numbers=3 3 2 1 0,0 0 1 3 1,3 1 2 2 3,2 0 0 2 2,2 0 0 0 1&window=3x3&weights=0 1 2 2 2 0 0 1 2&padding=valid&stride=1x1&at=0,0"],
    ["3 x 3 by 2 x 2: 19 25 37 43", "room=slide&kind=conv&axes=2&numbers=0 1 2,3 4 5,6 7 8&window=2x2&weights=0 1 2 3&padding=valid&stride=1x1&at=0,0"],
    ["the same, padded by one: the first output is 0", "room=slide&kind=conv&axes=2&numbers=0 1 2,3 4 5,6 7 8&window=2x2&weights=0 1 2 3&padding=own&before=1x1&after=1x1&stride=1x1&at=0,0"],
    ["stride 3 and 2: 0 8 / 6 8", "room=slide&kind=conv&axes=2&numbers=0 1 2,3 4 5,6 7 8&window=2x2&weights=0 1 2 3&padding=own&before=1x1&after=1x1&stride=3x2&at=0,1"],
    ["4 x 4 by 2 x 2, not flipped, bias 2: 7 8 9 / 11 12 13 / 15 16 17", "room=slide&kind=conv&axes=2&numbers=1 2 3 4,5 6 7 8,9 10 11 12,13 14 15 16&window=2x2&weights=0 0 1 0&flip=0&bias=2&padding=valid&stride=1x1&at=0,0"],
    ["a filter that finds edges, as in Goodfellow, Bengio, Courville, figure 9.6", "room=slide&kind=conv&axes=2&image=digit 3&window=1x2&weights=-1 1&padding=valid&stride=1x1&at=4,5"],
  ]],
  ["the shapes of convolution arithmetic", [
    ["4 to 2: no padding, stride 1", "room=slide&kind=conv&axes=2&image=4 x 4&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=valid&stride=1x1&at=0,0"],
    ["5 to 2: stride 2", "room=slide&kind=conv&axes=2&image=count 0, 1, 2 ...&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=valid&stride=2x2&at=0,0"],
    ["5 to 5: padding 1 (same)", "room=slide&kind=conv&axes=2&image=count 0, 1, 2 ...&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=same&stride=1x1&at=0,0"],
    ["5 to 7: full padding", "room=slide&kind=conv&axes=2&image=count 0, 1, 2 ...&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=full&stride=1x1&at=0,0"],
    ["7 to 3: dilation 2", "room=slide&kind=conv&axes=2&image=one pixel&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=valid&dilation=2x2&stride=1x1&at=1,1"],
    ["2 to 4: transposed", "room=slide&kind=conv_transpose&axes=2&numbers=1 2,3 4&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=valid&stride=1x1&at=0,0"],
    ["2 to 5: transposed, stride 2", "room=slide&kind=conv_transpose&axes=2&numbers=1 2,3 4&window=3x3&weights=1 1 1 1 1 1 1 1 1&padding=valid&stride=2x2&at=2,2"],
  ]],
  ["pooling", [
    ["2 x 2 maxima of 0 to 8: 4 5 7 8", "room=slide&kind=max_pool&axes=2&numbers=0 1 2,3 4 5,6 7 8&window=2x2&padding=valid&stride=1x1&at=0,0"],
    ["maxima: 6 8 / 3 4", "room=slide&kind=max_pool&axes=2&numbers=1 1 2 4,5 6 7 8,3 2 1 0,1 2 3 4&window=2x2&padding=valid&stride=2x2&at=0,0"],
    ["means, and the root of the sum of squares", "room=slide&kind=l2_pool&axes=2&numbers=1 1 2 4,5 6 7 8,3 2 1 0,1 2 3 4&window=2x2&padding=valid&stride=2x2&at=0,0"],
    ["the gradient of max pooling goes to the winners", "room=slide&kind=max_pool&pass=backward_input&axes=2&numbers=1 1 2 4,5 6 7 8,3 2 1 0,1 2 3 4&window=2x2&padding=valid&stride=2x2&at=1,1"],
  ]],
  ["one dial of sharing", [
    ["shared: one filter everywhere", "room=slide&kind=conv&axes=2&image=edge&window=3x3&weights=-1 0 1 -2 0 2 -1 0 1&padding=valid&stride=1x1&at=2,2"],
    ["tiled: filters take turns", "room=slide&kind=tiled_conv&axes=2&image=edge&window=3x3&weights=-1 0 1 -2 0 2 -1 0 1&padding=valid&tile=2x2&stride=1x1&at=2,2"],
    ["unshared: a filter for every position", "room=slide&kind=unshared_conv&axes=2&image=edge&window=3x3&weights=-1 0 1 -2 0 2 -1 0 1&padding=valid&stride=1x1&at=2,2"],
    ["a circular signal: the shift by one", "room=slide&kind=conv&axes=1&numbers=1 2 3 4 5&window=2x2&weights=1 0&padding=own&before=1x1&after=0x0&mode=circular&stride=1x1&at=0,0"],
  ]],
  ["training", [
    ["two clouds: a line is enough", "room=train&task=points&points=two clouds&rate=0.01"],
    ["exclusive or: a line is not enough", "room=train&task=points&points=exclusive or&rate=0.01"],
    ["a spiral", "room=train&task=points&points=spiral&rate=0.01"],
    ["a network learns digits: watch its filters", "room=train"],
    ["what each layer sees in a digit", "room=look"],
  ]],
];

/** @returns {HTMLElement} */
export function lectureRoom() {
  const address = (/** @type {string} */ text) => `#${new URLSearchParams(Object.fromEntries(text.split("&").map(each => each.split("="))))}`;
  return h("div", { class: "room lectures" }, h("p", { class: "hint" }, "Worked examples: each opens in its room, with its numbers; the way back is the browser's."), h("div", {}, ...EXAMPLES.map(([title, entries]) =>
    h("section", {}, h("h2", {}, title), h("ul", {}, ...entries.map(([words, where]) => h("li", {}, h("a", { href: address(where) }, words))))))));
}
