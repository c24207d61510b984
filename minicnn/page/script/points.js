// @ts-check
/** Points of two classes in the plane, with features made from their coordinates, and the picture of what a network says everywhere. */
import { generator } from "./network.js";
import { themed } from "./colour.js";

/** Each a function of the coordinates, from -1 to 1. @type {[string, (x: number, y: number) => number][]} */
export const FEATURES = [
  ["x", (x) => x], ["y", (_, y) => y], ["x²", x => x * x], ["y²", (_, y) => y * y], ["x y", (x, y) => x * y],
  ["sin πx", x => Math.sin(Math.PI * x)], ["sin πy", (_, y) => Math.sin(Math.PI * y)],
];

const COUNT = 400, TESTS = 200;

/** @type {Record<string, (n: number, random: () => number) => [number, number, number]>} */
export const SHAPES = {
  circle: (n, random) => { const inner = n % 2, r = inner ? 0.4 * Math.sqrt(random()) : 0.6 + 0.35 * random(), t = 2 * Math.PI * random(); return [r * Math.cos(t), r * Math.sin(t), inner]; },
  "exclusive or": (_, random) => { const x = 1.9 * random() - 0.95, y = 1.9 * random() - 0.95; return [x + 0.05 * Math.sign(x), y + 0.05 * Math.sign(y), Number(x * y > 0)]; },
  "two clouds": (n, random) => { const side = n % 2 ? 0.45 : -0.45, cloud = () => (random() + random() + random() - 1.5) * 0.45; return [side + cloud(), side + cloud(), n % 2]; },
  spiral: (n, random) => { const k = n % 2, r = 0.08 + 0.85 * random(), t = 5.2 * r + Math.PI * k; return [r * Math.cos(t), r * Math.sin(t), k]; },
};

/**
 * Points, and what a network is told of them: features that are not chosen are 0.
 * @param {string} shape @param {number} noise @param {boolean[]} chosen @param {number} seed
 */
export function pointsOf(shape, noise, chosen, seed) {
  const random = generator(seed), all = COUNT + TESTS, coordinates = new Float32Array(2 * all), labels = new Uint8Array(all);
  for (let n = 0; n < all; n++) {
    const [x, y, label] = SHAPES[shape](n, random);
    coordinates[2 * n] = x + noise * (random() - 0.5);
    coordinates[2 * n + 1] = y + noise * (random() - 0.5);
    labels[n] = label;
  }
  const features = featuresOf(coordinates, chosen), width = FEATURES.length;
  return {
    coordinates, labels, bytes: features.slice(0, COUNT * width), count: COUNT, test: features.slice(COUNT * width), tests: TESTS, truth: labels.slice(COUNT),
    trainLabels: labels.slice(0, COUNT),
  };
}

/** @param {Float32Array} coordinates @param {boolean[]} chosen */
export function featuresOf(coordinates, chosen) {
  const width = FEATURES.length, features = new Float32Array(coordinates.length / 2 * width);
  for (let n = 0; n < coordinates.length / 2; n++) {
    FEATURES.forEach(([, of], k) => { features[n * width + k] = chosen[k] ? of(coordinates[2 * n], coordinates[2 * n + 1]) : 0; });
  }
  return features;
}

/** The coordinates of a square grid over the plane. @param {number} side */
export const square = side => Float32Array.from({ length: 2 * side * side }, (_, i) => {
  const n = i >> 1;
  return i % 2 ? 1 - 2 * (Math.floor(n / side) + 0.5) / side : 2 * (n % side + 0.5) / side - 1;
});

/**
 * The plane in the colours of the classes, as sure as the network is, and the points.
 * @param {HTMLCanvasElement} canvas @param {Float32Array} shares of the second class, on `square(side)` @param {number} side
 * @param {{coordinates: Float32Array, labels: Uint8Array, count: number}} points
 */
export function paintPlane(canvas, shares, side, { coordinates, labels, count }) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), unit = canvas.width / side, colours = ["--below", "--above"].map(themed), ground = themed("--field");
  for (let n = 0; n < side * side; n++) {
    const [colour, sure] = shares[n] > 0.5 ? [colours[1], 2 * shares[n] - 1] : [colours[0], 1 - 2 * shares[n]];
    context.fillStyle = `rgb(${colour.map((part, i) => ground[i] + 0.7 * sure * (part - ground[i])).join(" ")})`;
    context.fillRect(n % side * unit, Math.floor(n / side) * unit, Math.ceil(unit), Math.ceil(unit));
  }
  for (let n = 0; n < labels.length; n++) {
    context.beginPath();
    context.arc((coordinates[2 * n] + 1) / 2 * canvas.width, (1 - coordinates[2 * n + 1]) / 2 * canvas.height, unit * (n < count ? 0.36 : 0.5), 0, 7);
    context.lineWidth = unit / 8;
    context.fillStyle = `rgb(${colours[labels[n]].join(" ")})`;
    context.fill();
    context.strokeStyle = n < count ? `rgb(${ground.join(" ")})` : `rgb(${themed("--ink").join(" ")})`;
    context.stroke();
  }
}
