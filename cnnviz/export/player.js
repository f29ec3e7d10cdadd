"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("data").textContent);
  const { fragments, steps } = data;
  const figure = byId("figure"), stage = byId("stage"), scrub = byId("scrub");
  const make = (parent, attributes) => {
    const made = document.createElementNS(stage.namespaceURI, "g");
    for (const name in attributes) made.setAttribute(name, attributes[name]);
    return parent.appendChild(made);
  };

  // Slots stand in the page in the order in which their layers name them.
  const slots = [];
  const held = [];
  const cells = new Map();
  for (const [name, count, x, y, columns, pitch] of data.layers) {
    const layer = make(stage, { transform: `translate(${x} ${y})`, "aria-hidden": "true" });
    if (name) layer.setAttribute("data-panel", name);
    else layer.setAttribute("class", "under");
    for (let place = 0; place < count; place++) {
      const row = Math.floor(place / columns), column = place % columns;
      const slot = make(layer, pitch ? { transform: `translate(${column * pitch} ${row * pitch})` } : {});
      if (pitch) cells.set(slots.length, { name, layer, row, column, pitch, x: x + column * pitch, y: y + row * pitch });
      slots.push(slot);
      held.push(0);
    }
  }
  const fill = (wanted) => {
    for (let slot = 0; slot < slots.length; slot++) {
      if (held[slot] === wanted[slot]) continue;
      held[slot] = wanted[slot];
      slots[slot].innerHTML = fragments[wanted[slot]];
    }
  };

  // What the slots hold after a step: on from the step that is known, or from the beginning.
  let known = -1;
  let state = data.initial.slice();
  const after = (step) => {
    if (step < known) {
      known = -1;
      state = data.initial.slice();
    }
    while (known < step) {
      const changes = steps[++known][3];
      for (let i = 0; i < changes.length; i += 2) state[changes[i]] = changes[i + 1];
    }
    return state;
  };
  const saidAt = (step) => {
    while (step > 0 && !steps[step][2]) step--;
    return steps[step][2];
  };

  let at = 0;
  let preview = null;
  let playing = false;
  let timer = 0;
  const show = () => {
    const step = preview === null ? at : preview;
    fill(after(step));
    byId("line").innerHTML = fragments[steps[step][1]];
    const counter = `step ${step + 1} of ${steps.length}`;
    byId("counter").textContent = counter;
    const width = figure.viewBox.baseVal.width;
    byId("progress").setAttribute("width", Math.floor(width * (step + 1) / steps.length));
    scrub.value = at + 1;
    const said = saidAt(step);
    scrub.setAttribute("aria-valuetext", `${counter}${said ? ": " + said : ""}`);
    byId("say").textContent = said ? `${said}; ${counter}` : counter;
  };
  const go = (step) => {
    preview = null;
    at = Math.min(steps.length - 1, Math.max(0, step));
    show();
    wait();
  };
  const wait = () => {
    clearTimeout(timer);
    if (!playing || preview !== null) return;
    const last = at === steps.length - 1;
    const seconds = last ? data.hold : data.step * steps[at][0];
    timer = setTimeout(() => {
      if (last && !data.loop) play(false);
      else go(last ? 0 : at + 1);
    }, 1000 * seconds / byId("speed").value);
  };
  const play = (wanted) => {
    playing = wanted;
    byId("play").textContent = playing ? "Pause" : "Play";
    // A voice that tells every step of a running figure would never come to an end.
    byId("say").setAttribute("aria-live", playing ? "off" : "polite");
    wait();
  };
  const start = () => {
    if (!playing && at === steps.length - 1) go(0);
    play(!playing);
  };
  const stepTo = (step) => {
    play(false);
    go(step);
  };

  // Result cells: a pointer or the focus shows the step that wrote them.
  const results = new Map();
  for (let i = 0; i < data.wrote.length; i += 2) {
    const number = data.wrote[i], step = data.wrote[i + 1], cell = cells.get(number), slot = slots[number];
    results.set(slot, { ...cell, slot, step });
    cell.layer.removeAttribute("aria-hidden");
    slot.setAttribute("class", "result");
    slot.setAttribute("role", "button");
    slot.setAttribute("tabindex", results.size === 1 ? "0" : "-1");
    slot.setAttribute("aria-label", `${cell.name}, row ${cell.row + 1}, column ${cell.column + 1}: step ${step + 1}`);
  }
  const look = (slot) => {
    const found = results.get(slot);
    const wanted = found ? found.step : null;
    if (wanted === preview) return;
    preview = wanted;
    show();
    wait();
  };
  const resultOf = (event) => (event.target.closest ? event.target.closest(".result") : null);
  figure.addEventListener("pointerover", (event) => look(resultOf(event)));
  figure.addEventListener("pointerleave", () => look(null));
  // A click leaves the focus, and with it the arrow keys, where they were.
  stage.addEventListener("mousedown", (event) => { if (resultOf(event)) event.preventDefault(); });
  stage.addEventListener("click", (event) => {
    const found = results.get(resultOf(event));
    if (found) stepTo(found.step);
  });
  // Not on the stage: a drawing that listens for the focus takes it.
  byId("player").addEventListener("focusin", (event) => {
    const slot = resultOf(event);
    if (!slot || !slot.matches(":focus-visible")) return;
    const { x, y, pitch } = results.get(slot);
    const place = { x: x - 5, y: y - 5, width: pitch + 10, height: pitch + 10 };
    for (const name in place) byId("ring").setAttribute(name, place[name]);
    byId("ring").removeAttribute("visibility");
    look(slot);
  });
  byId("player").addEventListener("focusout", () => {
    byId("ring").setAttribute("visibility", "hidden");
    look(null);
  });
  const focusBeside = (from, right, down) => {
    const near = [...results.values()].filter((r) => r.layer === from.layer &&
      (right ? r.row === from.row && (r.column - from.column) * right > 0
        : r.column === from.column && (r.row - from.row) * down > 0));
    near.sort((a, b) => Math.abs(a.row - from.row) + Math.abs(a.column - from.column) -
      Math.abs(b.row - from.row) - Math.abs(b.column - from.column));
    if (!near.length) return;
    from.slot.setAttribute("tabindex", "-1");
    near[0].slot.setAttribute("tabindex", "0");
    near[0].slot.focus({ focusVisible: true });
  };
  const arrows = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const keyOnResult = (event, found) => {
    if (arrows[event.key]) focusBeside(found, ...arrows[event.key]);
    else if (event.key === "Enter" || event.key === " ") stepTo(found.step);
    else if (event.key === "Escape") byId("play").focus();
    else return false;
    return true;
  };

  const keys = {
    ArrowRight: () => stepTo(at + 1), ArrowLeft: () => stepTo(at - 1), Home: () => stepTo(0),
    End: () => stepTo(steps.length - 1), " ": start,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const found = results.get(resultOf(event));
    if (found && keyOnResult(event, found)) {
      event.preventDefault();
      return;
    }
    const name = event.target.tagName;
    if (name === "SELECT" || name === "INPUT" || (name === "BUTTON" && event.key === " ")) return;
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  byId("first").addEventListener("click", () => stepTo(0));
  byId("back").addEventListener("click", () => stepTo(at - 1));
  byId("play").addEventListener("click", start);
  byId("next").addEventListener("click", () => stepTo(at + 1));
  byId("last").addEventListener("click", () => stepTo(steps.length - 1));
  byId("speed").addEventListener("change", wait);
  scrub.addEventListener("input", () => stepTo(scrub.value - 1));

  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  calm.addEventListener("change", () => { if (calm.matches) play(false); });
  show();
  play(!calm.matches && steps.length > 1);
})();
