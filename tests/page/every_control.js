// A function that uses every control of every room of the page that it is run in, in whatever browser, and tells which, and what went wrong
async () => {
  const used = [], errors = [], done = new Set();
  window.addEventListener("error", event => errors.push(String(event.message)));
  window.addEventListener("unhandledrejection", event => errors.push(String(event.reason)));
  const frame = () => new Promise(resolve => setTimeout(resolve, 15)), tell = (element, kind) => element.dispatchEvent(new Event(kind, { bubbles: true }));
  const controls = room => [...room.querySelectorAll("button, select, input, summary, a[href], svg[role=application]")].filter(each => !/, map [1-9]/.test(nameOf(each))); // one map of a layer
  const nameOf = element => element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent.slice(0, 40);
  const picture = await new Promise(resolve => { const canvas = document.createElement("canvas"); canvas.getContext("2d").fillRect(30, 20, 90, 60); canvas.toBlob(resolve); });
  const set = async (element, value, kind) => { element.value = value; tell(element, kind); await frame(); };

  async function use(element) {
    if (element instanceof SVGElement) {
      const box = element.getBoundingClientRect(), at = { bubbles: true, buttons: 1, pointerType: "mouse" };
      element.focus();
      for (const key of ["ArrowRight", "ArrowDown", "End", "Home", " ", "Backspace"]) element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
      for (const share of [0.3, 0.6]) element.dispatchEvent(new PointerEvent("pointermove", { ...at, clientX: box.left + share * box.width, clientY: box.top + share * box.height }));
    } else if (element instanceof HTMLSelectElement) {
      const before = element.value;
      for (const { value } of [...element.options].filter(each => !each.disabled && !each.hidden)) await set(element, value, "change");
      await set(element, before, "change");
    } else if (element instanceof HTMLInputElement && element.type === "file") {
      const given = new DataTransfer(), weights = element.accept === ".safetensors";
      given.items.add(weights ? new File(["not weights"], "some.safetensors") : new File([picture], "some.png", { type: "image/png" }));
      element.files = given.files;
      tell(element, "change");
      await new Promise(resolve => setTimeout(resolve, 200));
    } else if (element instanceof HTMLInputElement && element.type === "checkbox") {
      for (let n = 0; n < 2; n++) { element.click(); await frame(); }
    } else if (element instanceof HTMLInputElement) {
      const before = element.value, other = { text: "another", number: element.max || "3", range: element.min }[element.type];
      await set(element, other, "input");
      await set(element, before, "input");
    } else {
      element.click();
      await frame();
      if (element instanceof HTMLAnchorElement) document.getElementById("tab-lectures").click(); // back from where it led
      if (element.localName === "summary") element.click();
    }
  }

  /** Those that can be seen now; a click may bring others, or make these anew. */
  async function useAll(room) {
    for (let element; (element = controls(room).find(each => (each.checkVisibility() || each.type === "file") && !done.has(`${room.id} ${nameOf(each)}`)));) {
      done.add(`${room.id} ${nameOf(element)}`);
      used.push(`${room.id}: ${nameOf(element)}`);
      await use(element);
    }
  }

  for (const name of ["slide", "train", "look", "lectures"]) {
    const room = document.getElementById(`room-${name}`), reopen = async () => { document.getElementById(`tab-${name}`).click(); await frame(); };
    await reopen();
    for (const each of room.querySelectorAll("details")) each.open = true;
    const leading = { slide: "operation", train: "task" }[name], select = leading && controls(room).find(each => nameOf(each) === leading);
    await useAll(room);
    for (const { value } of select ? [...select.options].filter(each => !each.disabled) : []) { // some controls are there for some of these only
      await set(select, value, "change");
      await useAll(room);
    }
    if (name === "slide") for (const [label, value] of [["padding", "own"], ["channels", "2"], ["filters", "2"], ["axes", "3"]]) {
      await set(select, "conv", "change");
      const found = controls(room).find(each => nameOf(each) === label);
      await set(found, value, found.type === "number" ? "input" : "change");
      await useAll(room);
    }
    if (name === "train") {
      controls(room).find(each => nameOf(each) === "compare two settings").click();
      for (const each of room.querySelectorAll("fieldset.panel")[1].querySelectorAll("select, input")) if (each.checkVisibility()) await use(each);
      controls(room).find(each => nameOf(each) === "compare two settings").click();
      await set(select, select.options[0].value, "change");
      await set(controls(room).find(each => nameOf(each) === "optimizer"), "sgd", "change");
      await window.minicnn.rooms.train.trainers[0].measureOnce(); // from then on there are worst answers
      await new Promise(resolve => setTimeout(resolve, 200));
      await useAll(room);
    }
  }
  const all = [...document.querySelectorAll("main [id^=room-]")].flatMap(room => controls(room).map(each => `${room.id}: ${nameOf(each)}`));
  document.getElementById("theme").click();
  return { used, errors, missed: [...new Set(all)].filter(each => !used.includes(each)) };
}
