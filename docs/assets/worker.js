// From disk, browsers start no workers.  There the search runs in a hidden frame, which takes a worker's place.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super()
      const frame = document.createElement("iframe")
      frame.hidden = true
      frame.srcdoc = "<!doctype html>"
      this.started = new Promise(started => frame.addEventListener("load", started, { once: true })).then(() => {
        const inside = frame.contentWindow
        inside.postMessage = data => this.answer(data)
        inside.importScripts = (...urls) => Promise.all(urls.map(each => load(inside, each)))
        return load(inside, url).then(() => inside)
      })
      document.body.append(frame)
    }
    async postMessage(data) {
      const inside = await this.started
      inside.dispatchEvent(new inside.MessageEvent("message", { data }))
    }
    answer(data) {
      const event = new MessageEvent("message", { data })
      this.onmessage?.(event)
      this.dispatchEvent(event)
    }
    terminate() {}
  }
}

function load(inside, url) {
  return new Promise((done, failed) => {
    const script = inside.document.createElement("script")
    Object.assign(script, { src: url, onload: done, onerror: failed })
    inside.document.body.append(script)
  })
}
