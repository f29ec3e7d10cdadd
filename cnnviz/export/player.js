"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const run = (data) => {
    const { fragments, spots, steps, words } = data;
    const figure = byId("figure"), stage = byId("stage"), scrub = byId("scrub"), flying = byId("flights");
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    const worded = (text, values) => text.replace(/\{(\w+)\}/g, (gap, name) => values[name]);
    byId("defs").innerHTML = data.defs;
    const make = (parent, attributes) => {
      const made = document.createElementNS(stage.namespaceURI, "g");
      for (const name in attributes) made.setAttribute(name, attributes[name]);
      return parent.appendChild(made);
    };

    // Slots stand in the page in the order in which their layers name them.
    const slots = [];
    const cells = new Map();
    for (const [name, count, x, y, columns, pitch, label] of data.layers) {
      const layer = make(stage, { transform: `translate(${x} ${y})`, "aria-hidden": "true" });
      if (name) layer.setAttribute("data-panel", name);
      else layer.setAttribute("class", "under");
      for (let place = 0; place < count; place++) {
        const row = Math.floor(place / columns), column = place % columns;
        const slot = make(layer, pitch ? { transform: `translate(${column * pitch} ${row * pitch})` } : {});
        if (pitch) {
          const at = { x: x + column * pitch, y: y + row * pitch };
          cells.set(slots.length, { label, layer, row, column, pitch, ...at });
        }
        slots.push(slot);
      }
    }
    const held = slots.map(() => 0);
    const put = (slot, number) => {
      if (held[slot] === number) return;
      held[slot] = number;
      slots[slot].innerHTML = fragments[number];
    };
    const fill = (wanted) => {
      flying.textContent = "";
      data.gliders.forEach((slot, place) => {
        const number = slots.length + place, [x, y] = spots[wanted[number]];
        if (slots[slot].getAnimations) slots[slot].getAnimations().forEach((motion) => motion.cancel());
        held[number] = wanted[number];
        slots[slot].setAttribute("transform", `translate(${x} ${y})`);
      });
      for (let slot = 0; slot < slots.length; slot++) put(slot, wanted[slot]);
    };

    // What the slots hold after a step: on from the step that is known, or from the beginning.
    let known = -1;
    let state = data.initial.slice();
    const change = (held, changes) => {
      for (const [slot, number] of changes) held[slot] = number;
      return held;
    };
    const after = (step) => {
      if (step < known) {
        known = -1;
        state = data.initial.slice();
      }
      while (known < step) change(state, steps[++known][3]);
      return state;
    };
    const saidAt = (step) => {
      while (step > 0 && !steps[step][2]) step--;
      return steps[step][2];
    };

    let at = 0;
    let asking = false;
    let preview = null;
    let pending = null;
    let playing = false;
    let visible = typeof IntersectionObserver === "undefined";
    let timer = 0;
    const show = () => {
      const step = preview === null ? at : preview, asked = asking && preview === null;
      fill(asked ? change(data.initial.slice(), data.asked) : after(step));
      byId("line").innerHTML = asked ? "" : fragments[steps[step][1]];
      const counter = worded(words.counter, { n: step + 1, count: steps.length });
      byId("counter").innerHTML = fragments[steps[step][5]];
      scrub.value = at + 1;
      const said = asked ? "" : saidAt(step);
      scrub.setAttribute("aria-valuetext", said ? `${counter}: ${said}` : counter);
      byId("say").textContent = said ? `${said}; ${counter}` : counter;
    };

    // Never more than three flashes a second (WCAG 2.2, 2.3.1): where cells change that cover a quarter of ten degrees
    // of the visual field, 341 of 1024 pixels across and 256 down, a step stays a sixth of a second.
    const { width } = figure.viewBox.baseVal;
    const flash = 341 * 256 / 4 * (width / 1024) ** 2;
    const least = (step) => {
      let area = 0;
      for (const [slot, number] of steps[step][3]) {
        if (cells.has(slot)) area += cells.get(slot).pitch ** 2;
        else if (slot < slots.length && fragments[number].includes("<image")) area = flash;
      }
      return 1000 / 6 * Math.min(1, area / flash);
    };

    // To the next step a window glides first, within the time of the step that it leaves; then all else follows.
    const lasting = () => {
      const seconds = asking ? data.opening : steps[at][0];
      return Math.max(1000 * seconds / byId("speed").value, least(at));
    };
    const following = () => (asking ? 0 : at + 1);
    // How a window goes to its next place and what flies after it, in half of the time at most.
    const transit = () => {
      const next = following();
      if (!data.tween || calm.matches || preview !== null || next === steps.length || !stage.animate) return null;
      const wanted = after(next), flights = steps[next][4];
      const moves = data.gliders.flatMap((slot, place) => {
        const number = slots.length + place, from = spots[held[number]], to = spots[wanted[number]];
        const seen = held[slot] && wanted[slot] && from !== to;
        return seen ? [{ slot: slots[slot], from, to }] : [];
      });
      const parts = (moves.length > 0) + (flights.length > 0);
      const each = parts && Math.min(40 * data.tween, lasting() / 2 / parts);
      return parts ? { moves, flights, each, whole: parts * each } : null;
    };
    const placed = ([x, y]) => `translate(${x}px,${y}px)`;
    const fly = ([number, spots, growing], delay, duration) => {
      const outer = make(flying, growing ? { transform: `translate(${spots[0]})` } : {}), inner = make(outer, {});
      outer.setAttribute("visibility", "hidden");
      inner.innerHTML = fragments[number];
      const frames = growing ? ["scale(0)", "scale(1)"] : spots.map(placed);
      if (frames.length < 2) frames.push(frames[0]);
      const easing = frames.length > 2 ? "linear" : "ease-in-out";
      return inner.animate(frames.map((transform) => ({ transform, visibility: "visible" })),
        { delay, duration, easing, fill: "forwards" });
    };
    const setOff = ({ moves, flights, each }) => {
      pending = following();
      data.lines.forEach((slot) => put(slot, 0));
      const motions = moves.map(({ slot, from, to }) => slot.animate(
        [from, to].map((spot) => ({ transform: placed(spot) })),
        { duration: each, easing: "ease-in-out", fill: "forwards" }));
      motions.push(...flights.map((flight) => fly(flight, moves.length && each, each)));
      motions[motions.length - 1].onfinish = settle;
    };
    const settle = () => {
      if (pending !== null) go(pending);
    };
    const go = (step) => {
      preview = pending = null;
      asking = false;
      at = Math.min(steps.length - 1, Math.max(0, step));
      show();
      wait();
    };
    // Before the first step of a figure that plays stands the question.
    const ask = () => {
      go(0);
      asking = data.asked.length > 0;
      show();
      wait();
    };
    const goOn = () => {
      const found = transit();
      if (found) setOff(found);
      else go(following());
    };
    const wait = () => {
      clearTimeout(timer);
      if (!playing || !visible || preview !== null) return;
      const last = at === steps.length - 1;
      timer = setTimeout(() => {
        if (asking || !last) goOn();
        else if (data.loop) ask();
        else play(false);
      }, lasting() - (transit()?.whole ?? 0));
    };
    const play = (wanted) => {
      settle();
      playing = wanted;
      byId("play").textContent = playing ? words.pause : words.play;
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
    const next = () => {
      play(false);
      goOn();
    };
    const back = () => {
      play(false);
      go(at - 1);
    };
    const last = () => stepTo(steps.length - 1);

    // Result cells: a pointer or the focus shows the step that wrote them.
    const results = new Map();
    for (const [number, step] of data.wrote) {
      const cell = cells.get(number), slot = slots[number];
      results.set(slot, { ...cell, slot, step });
      cell.layer.removeAttribute("aria-hidden");
      slot.setAttribute("class", "result");
      slot.setAttribute("role", "button");
      slot.setAttribute("tabindex", results.size === 1 ? "0" : "-1");
      const values = { panel: cell.label, r: cell.row + 1, c: cell.column + 1, n: step + 1 };
      slot.setAttribute("aria-label", worded(words.cell, values));
    }
    const look = (slot) => {
      const found = results.get(slot);
      const wanted = found ? found.step : null;
      if (wanted === preview) return;
      settle();
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

    const keys = { ArrowRight: next, ArrowLeft: back, Home: () => stepTo(0), End: last, " ": start };
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const found = results.get(resultOf(event));
      if (found && keyOnResult(event, found)) {
        event.preventDefault();
        return;
      }
      const name = event.target.tagName, space = event.key === " ";
      if (name === "SELECT" || (name === "INPUT" && !space) || (name === "BUTTON" && space)) return;
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    byId("first").addEventListener("click", () => stepTo(0));
    byId("back").addEventListener("click", back);
    byId("play").addEventListener("click", start);
    byId("next").addEventListener("click", next);
    byId("last").addEventListener("click", last);
    byId("speed").addEventListener("change", () => {
      settle();
      wait();
    });
    scrub.addEventListener("input", () => stepTo(scrub.value - 1));

    calm.addEventListener("change", () => { if (calm.matches) play(false); });
    if (calm.matches || steps.length < 2) show();
    else ask();
    play(!calm.matches && steps.length > 1);
    // Out of sight, on a slide to come or further down a page, it waits.
    if (!visible) {
      new IntersectionObserver((seen) => {
        visible = seen[seen.length - 1].isIntersecting;
        settle();
        wait();
      }).observe(figure);
    }
    // A page of slides around it may step it, such as by the presenter's key.
    addEventListener("message", ({ data: asked }) => {
      if (asked && Number.isInteger(asked.cnnvizStep)) stepTo(asked.cnnvizStep - 1);
    });
    if (parent !== window) parent.postMessage({ cnnvizSteps: steps.length }, "*");
    byId("player").setAttribute("data-ready", "");
  };

  const stored = byId("data");
  const unpacked = async () => {
    const bytes = Uint8Array.from(atob(stored.textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  };
  unpacked().then(run, () => {
    byId("trouble").hidden = false;
    byId("about").classList.remove("quiet");
    for (const name of ["controls", "keys"]) byId(name).hidden = true;
  });
})();
