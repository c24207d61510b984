// @ts-check
/** The page: its rooms, one of which is shown, and what they share. */
import { bounded, byId, h, say } from "./dom.js";
import { dataOf } from "./images.js";
import { lectureRoom } from "./lectures.js";
import { LookRoom } from "./look.js";
import { Loops, tensor } from "./loops.js";
import { decoded, Machine, unpacked } from "./memory.js";
import { Network } from "./network.js";
import { takeIn } from "./own.js";
import { SlideRoom } from "./slide.js";
import * as state from "./state.js";
import { TrainRoom } from "./train.js";

/**
 * What can be trained: a network with its plans and data; `share`: of a picture's side that the ink of a drawing fills, 1 for pictures that are not framed.
 * @typedef {{kind: "images" | "points", title: string, network: import("./network.js").NetworkAssets, plans: Record<string, any>, parameters: Float32Array | null, module: Uint8Array | null,
 *   data: import("./images.js").Data | null, share: number}} Task
 * @typedef {{kind: "images" | "points", title: string, network: import("./network.js").NetworkAssets, data: import("./images.js").DataAssets | null, share: number}} TaskAssets
 * @typedef {{textbook: string, engine: string, loops: string, kernels: Record<string, number[][]>, tasks: Record<string, TaskAssets>, title: string, variant: import("./own.js").VariantAssets | null}} Assets
 */

const ROOMS = /** @type {[string, string][]} */ ([["slide", "Slide"], ["train", "Train"], ["look", "Look inside"], ["lectures", "Lectures"]]);

/** @param {any} plan */
async function planOf(plan) {
  const [steps, table, phases] = await Promise.all([plan.steps, plan.table, plan.phases].map(unpacked));
  return { ...plan, steps, table, phases };
}

/** @param {TaskAssets} assets @returns {Promise<Task>} */
async function taskOf(assets) {
  const { network } = assets, plans = Object.fromEntries(await Promise.all(Object.entries(network.plans).map(async ([name, plan]) => [name, await planOf(plan)])));
  const bytes = network.parameters ? await unpacked(network.parameters) : null;
  const data = assets.data ? await dataOf(assets.data, network.input_shape, network.target === "boxes") : null;
  const module = network.modules.engine ? await unpacked(network.modules.engine) : null;
  return { ...assets, plans, data, module, parameters: bytes ? new Float32Array(bytes.buffer) : null };
}

/** Small images for the first room. @param {Task} task */
function exampleImages(task) {
  const images = /** @type {Record<string, import("./loops.js").Tensor>} */ ({}), { data } = task;
  const shape = data?.shape ?? [];
  if (data && shape.length === 3) {
    const [C, H, W] = shape, size = C * H * W, step = Math.max(1, Math.ceil(Math.max(H, W) / 14));
    const masked = task.network.target !== "class", digits = (/** @type {string} */ name) => (/^\d$/.test(name) ? `digit ${name}` : name);
    for (const label of masked ? [0, 1, 2] : [3, 0, 7].filter(each => each < data.classes.length)) {
      const n = masked ? label : data.train.labels.indexOf(label);
      if (n < 0) continue;
      const [P, Q] = [Math.floor(H / step), Math.floor(W / step)];
      images[masked ? `picture ${n + 1}` : digits(data.classes[label])] = tensor([1, P, Q], i => {
        let sum = 0;
        for (let a = 0; a < step; a++) for (let b = 0; b < step; b++) sum += data.train.images[n * size + (Math.floor(i / Q) * step + a) * W + i % Q * step + b];
        return sum / (255 * step * step);
      });
    }
  }
  images["edge"] = tensor([1, 9, 9], n => Number(n % 9 >= 4));
  images["one pixel"] = tensor([1, 7, 7], n => Number(n === 24));
  images["count 0, 1, 2 ..."] = tensor([1, 5, 5], n => n);
  images["4 x 4"] = tensor([1, 4, 4], n => n % 4 + 1);
  return images;
}

/** @param {string} name @param {Record<string, {element: HTMLElement, enter?: () => void}>} rooms */
function open(name, rooms) {
  for (const [each] of ROOMS) {
    const chosen = each === name, tab = byId(`tab-${each}`, HTMLElement);
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    byId(`room-${each}`, HTMLElement).hidden = !chosen;
  }
  rooms[name].enter?.();
}

/** @param {Assets} assets @param {string} packedWorker @param {Record<string, any>} stepping */
export async function start(assets, packedWorker, stepping) {
  const text = (/** @type {Uint8Array} */ bytes) => new TextDecoder().decode(bytes);
  const begin = performance.now(), status = byId("status", HTMLElement);
  const [textbook, engine, described, worker] = await Promise.all([assets.textbook, assets.engine, assets.loops, packedWorker].map(unpacked));
  const machine = await Machine.start(textbook), own = Object.values(assets.tasks)[0].network.modules.textbook;
  if (own) await machine.extend(await unpacked(own));
  const loops = new Loops(machine, JSON.parse(text(described)), stepping);
  if (assets.variant) await takeIn(loops, assets.variant);
  const tasks = Object.fromEntries(await Promise.all(Object.entries(assets.tasks).map(async ([name, task]) => [name, await taskOf(task)])));
  const first = /** @type {Task} */ (Object.values(tasks)[0]);
  const slide = new SlideRoom(loops, exampleImages(first), assets.kernels, assets.variant);
  const look = new LookRoom(loops, await Network.start(loops, first.network), first);
  const train = new TrainRoom({ script: text(worker), engine, tasks, loops }, (trainer, task) => { if (task === first) look.adopt(trainer.parameters, Boolean(trainer.steps || task.parameters)); });
  const rooms = { slide, train, look, lectures: { element: lectureRoom(), repaint() {} } };
  for (const [name, title] of ROOMS) {
    const go = () => { state.write({ room: name }); open(name, rooms); }; // the room that is entered writes the rest
    byId("tabs", HTMLElement).append(h("button", {
      type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `room-${name}`, onclick: go,
      onkeydown: (/** @type {KeyboardEvent} */ event) => {
        const move = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!move) return;
        const next = ROOMS[(ROOMS.findIndex(([each]) => each === name) + move + ROOMS.length) % ROOMS.length][0];
        byId(`tab-${next}`, HTMLElement).click();
        byId(`tab-${next}`, HTMLElement).focus();
      },
    }, title));
    byId("rooms", HTMLElement).append(h("section", { id: `room-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, hidden: true }, rooms[/** @type {keyof typeof rooms} */ (name)].element));
  }
  const follow = () => {
    const given = state.read(), name = ROOMS.some(([each]) => each === given.room) ? given.room : "slide", room = /** @type {any} */ (rooms)[name];
    room.recall?.({ ...room.first, ...given });
    open(name, rooms);
  };
  const address = location.hash; // rooms that are made ready write theirs
  slide.recall({ kernel: "sobel-top", at: "4,5", ...(state.read().room === "slide" ? state.read() : {}) });
  train.recall({});
  state.read();
  if (address) history.replaceState(null, "", address);
  follow();
  window.addEventListener("hashchange", follow);
  document.addEventListener("change", ({ target }) => { // a number out of its bounds counts as the nearest: that is what is to be seen then
    if (!(target instanceof HTMLInputElement) || target.type !== "number") return;
    const written = target.value;
    bounded(target);
    if (written !== target.value) target.dispatchEvent(new Event("input"));
  });
  document.addEventListener("dragover", event => event.preventDefault());
  document.addEventListener("drop", event => { // a picture to the room that is open, weights to where they are trained
    event.preventDefault();
    const files = event.dataTransfer?.files, weights = [...files ?? []].some(each => each.name.endsWith(".safetensors"));
    if (!files?.length) return;
    if (weights || train.element.offsetParent) {
      byId("tab-train", HTMLElement).click();
      train.takeFiles(files);
    } else if (look.element.offsetParent) look.takeFile(files[0]);
    else {
      byId("tab-slide", HTMLElement).click();
      slide.takeFile(files[0]);
    }
  });
  const repaint = () => { for (const each of Object.values(rooms)) each.repaint(); };
  byId("theme", HTMLButtonElement).addEventListener("click", () => {
    const root = document.documentElement, dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    repaint();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  status.textContent = `ready in ${Math.round(performance.now() - begin)} ms`;
  document.documentElement.dataset.ready = "1";
  performance.mark("ready");
  say("ready");
  return { loops, tasks, rooms };
}

