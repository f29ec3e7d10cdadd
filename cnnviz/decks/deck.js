"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const root = document.documentElement;
  const slides = [...document.querySelectorAll(".slide")];
  const buttons = { o: byId("overview"), n: byId("notes"), f: byId("full"), "?": byId("help") };
  let at = 0;
  let digits = "";

  // One player at a time: it is made when its slide appears, and so starts anew, and goes with its slide.
  const player = () => slides[at].querySelector("iframe");
  const open = (slide) => {
    const held = slide.querySelector("script");
    if (!held || slide.querySelector("iframe")) return;
    const frame = document.createElement("iframe");
    frame.title = slide.querySelector("h2").textContent;
    frame.addEventListener("load", () => listen(frame));
    frame.srcdoc = JSON.parse(held.textContent);
    slide.querySelector(".stage").append(frame);
  };
  const close = (slide) => {
    const frame = slide.querySelector("iframe");
    if (!frame) return;
    const focused = document.activeElement === frame;
    frame.remove();
    if (focused) focusDeck();
  };
  const focusDeck = () => {
    if (document.activeElement && document.activeElement !== document.body) document.activeElement.blur();
    window.focus();
  };

  const show = (wanted, { quiet = false } = {}) => {
    const next = Math.min(slides.length - 1, Math.max(0, wanted));
    if (next !== at) close(slides[at]);
    slides[at].classList.remove("shown");
    at = next;
    slides[at].classList.add("shown");
    if (overview()) slides[at].scrollIntoView({ block: "nearest" });
    else open(slides[at]);
    const number = `${at + 1} / ${slides.length}`;
    byId("number").textContent = number;
    byId("progress").style.width = `${100 * (at + 1) / slides.length}%`;
    byId("previous").disabled = at === 0;
    byId("next").disabled = at === slides.length - 1;
    if (!quiet) byId("say").textContent = slides[at].getAttribute("aria-label");
    if (location.hash !== `#${at + 1}`) history.replaceState(null, "", `#${at + 1}`);
  };

  const overview = () => root.classList.contains("overview");
  const toggleOverview = (wanted = !overview()) => {
    root.classList.toggle("overview", wanted);
    buttons.o.setAttribute("aria-pressed", wanted);
    for (const slide of slides) {
      if (wanted) slide.setAttribute("tabindex", "0");
      else slide.removeAttribute("tabindex");
    }
    if (wanted) {
      close(slides[at]);
      slides[at].scrollIntoView({ block: "center" });
      slides[at].focus();
    } else {
      focusDeck();
    }
    show(at, { quiet: true });
  };
  const toggleNotes = () => {
    buttons.n.setAttribute("aria-pressed", root.classList.toggle("with-notes"));
  };
  const toggleHelp = (wanted = byId("keys").hidden) => {
    byId("keys").hidden = !wanted;
    buttons["?"].setAttribute("aria-expanded", wanted);
  };
  const toggleFull = () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (root.requestFullscreen) root.requestFullscreen().catch(() => {});
  };
  const press = (id) => () => {
    const button = player() && player().contentDocument.getElementById(id);
    if (button) button.click();
  };
  const escape = () => {
    if (!byId("keys").hidden) toggleHelp(false);
    else if (overview()) toggleOverview(false);
    else focusDeck();
  };
  const enter = () => {
    if (digits) show(Number(digits) - 1);
    else if (overview()) toggleOverview(false);
    else return false;
    digits = "";
    return true;
  };

  const step = (by) => () => show(at + by);
  const ends = { Home: () => show(0), End: () => show(slides.length - 1) };
  const turns = { PageDown: step(1), PageUp: step(-1) };
  const others = {
    o: () => toggleOverview(), n: toggleNotes, f: toggleFull, "?": () => toggleHelp(), Escape: escape,
    j: press("back"), k: press("play"), l: press("next"),
  };
  const keys = {
    ...turns, ...ends, ...others, ArrowRight: step(1), ArrowDown: step(1), ArrowLeft: step(-1), ArrowUp: step(-1),
    " ": step(1), Backspace: step(-1), p: press("play"),
  };
  const held = (event) => event.ctrlKey || event.altKey || event.metaKey;
  document.addEventListener("keydown", (event) => {
    if (held(event)) return;
    if (/^[0-9]$/.test(event.key)) {
      digits = (digits + event.key).slice(-4);
      return;
    }
    const onButton = event.target.tagName === "BUTTON";
    if (onButton && (event.key === " " || event.key === "Enter")) return;
    if (event.key === "Enter") {
      if (enter()) event.preventDefault();
      return;
    }
    digits = "";
    const act = event.key === " " && event.shiftKey ? step(-1) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  // In a player that has the focus the arrows are its own; these keys are the deck's always.
  const listen = (frame) => {
    const inner = frame.contentDocument;
    inner.addEventListener("keydown", (event) => {
      if (held(event) || !turns[event.key]) return;
      event.preventDefault();
      event.stopPropagation();
      turns[event.key]();
    }, true);
    inner.addEventListener("keydown", (event) => {
      const act = others[event.key];
      if (held(event) || event.defaultPrevented || !act) return;
      event.preventDefault();
      act();
    });
  };

  byId("previous").addEventListener("click", step(-1));
  byId("next").addEventListener("click", step(1));
  buttons.o.addEventListener("click", () => toggleOverview());
  buttons.n.addEventListener("click", toggleNotes);
  buttons.f.addEventListener("click", toggleFull);
  buttons["?"].addEventListener("click", () => toggleHelp());
  slides.forEach((slide, place) => {
    slide.addEventListener("click", () => {
      if (!overview()) return;
      show(place);
      toggleOverview(false);
    });
    slide.addEventListener("focus", () => { if (overview()) show(place, { quiet: true }); });
  });
  window.addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1 || 0));
  // The bar steps back while nobody moves.
  let idle = 0;
  const awake = () => {
    root.classList.remove("still-bar");
    clearTimeout(idle);
    idle = setTimeout(() => root.classList.add("still-bar"), 4000);
  };
  for (const event of ["pointermove", "pointerdown", "focusin"]) document.addEventListener(event, awake);

  root.classList.add("live");
  byId("bar").hidden = false;
  show(Number(location.hash.slice(1)) - 1 || 0, { quiet: true });
  awake();
})();
