import { make, makeForm } from "./form.js";

const byId = (id) => document.getElementById(id);
const base = document.querySelector("base").href;
const ask = async (path, options) => {
  const answer = await fetch(base + path, options);
  if (answer.ok) return answer;
  const kind = answer.headers.get("content-type") || "";
  throw kind.includes("json") ? await answer.json() : { message: await answer.text() };
};

const about = await (await ask("-/about")).json();
let scene = "", values = {}, texts = {};
const lang = () => (about.words[values.lang] ? values.lang : "en");
const say = (english, gaps = {}) => (about.words[lang()][english] || english).replace(/\{(\w+)\}/g, (gap, name) => gaps[name]);
const query = () => {
  const text = new URLSearchParams(values).toString();
  return text ? "?" + text : "";
};
const asked = (what, more = "") => `-/${what}/${scene}${more}${query()}`;

// Light or dark, as the system has it or as was chosen.
const shade = (wanted) => {
  if (wanted) document.documentElement.dataset.shade = localStorage.shade = wanted;
};
shade(localStorage.shade);
byId("shade").onclick = () => {
  const dark = localStorage.shade ? localStorage.shade === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  shade(dark ? "light" : "dark");
};

const form = makeForm({
  say,
  changed: (wanted, _, lasting) => {
    values = { ...wanted };
    if (lasting && lang() !== document.documentElement.lang) {
      wording();
      build().then(() => byId("fields").querySelector("[data-parameter=lang]").focus());
    }
    update(lasting);
  },
  upload: async (file) => {
    const path = "-/upload?name=" + encodeURIComponent(file.name);
    return (await (await ask(path, { method: "POST", body: file })).json()).value;
  },
  numbers: async (name) => {
    try {
      const board = await (await ask(asked("file", "/json"))).json();
      const panel = board.panels.find((each) => each.name === name);
      const kept = panel.values.map((row, r) => row.filter((_, c) => !panel.roles[r][c].startsWith("padding")));
      return kept.filter((row) => row.length).map((row) => row.map(String));
    } catch {
      return Array.from({ length: 3 }, () => ["0", "0", "0"]);
    }
  },
});
byId("fields").append(form.element);

// The figure: its first step at once, then the player. One picture is drawn at a time, as fast as they come: the next
// one has all that was changed meanwhile.
const REST = 120;
let round = 0, drawing = false, since = 0;
const update = (lasting) => {
  const address = base + scene + query();
  // What is still being typed, or dragged, is no place to come back to.
  if (lasting && address !== location.href) history.pushState(null, "", address);
  draw();
};
const draw = async () => {
  round += 1;
  since ||= performance.now();
  byId("view").setAttribute("aria-busy", "true");
  if (drawing) return;
  drawing = true;
  let mine = 0, shown = false;
  while (mine !== round) {
    mine = round;
    shown = await attempt(mine, drawStill);
  }
  drawing = false;
  if (shown) await attempt(mine, play);
  if (mine === round) byId("view").setAttribute("aria-busy", "false");
};
const attempt = async (mine, what) => {
  try {
    await what(mine);
    return true;
  } catch (problem) {
    if (mine !== round) return false;
    const told = problem.message && !(problem instanceof Error) ? problem : { message: say("The studio does not answer: start it again.") };
    byId("trouble").textContent = told.message;
    byId("trouble").hidden = form.tell(told);
    return false;
  }
};
const drawStill = async () => {
  const drawn = scene, began = since;
  since = 0;
  const picture = await (await ask(asked("still", "/first"))).text();
  if (drawn !== scene) return;
  form.clear();
  byId("trouble").hidden = true;
  // As a part of the page it is seen sooner than as an image, which is a page of its own.
  byId("still").replaceChildren(new DOMParser().parseFromString(picture, "image/svg+xml").documentElement);
  byId("still").hidden = false;
  for (const old of byId("stage").querySelectorAll("iframe")) old.remove();
  // Seen once the frame is painted.
  requestAnimationFrame(() => setTimeout(() => { document.body.dataset.milliseconds = String(Math.round(performance.now() - began)); }));
};
const play = async (mine) => {
  showTexts(await (await ask(asked("texts"))).json());
  // Whoever goes on changing waits for no player.
  await new Promise((done) => { setTimeout(done, REST); });
  if (mine !== round) return;
  // What cannot be played is told by the form, not by the frame.
  await ask(asked("player"));
  const frame = make("iframe", { src: base + asked("player"), title: texts.alt });
  frame.setAttribute("sandbox", "allow-scripts");
  frame.style.visibility = "hidden";
  byId("stage").append(frame);
  await new Promise((done) => { frame.onload = done; });
  if (mine !== round) { frame.remove(); return; }
  frame.style.visibility = "";
  byId("still").hidden = true;
};

const copier = (text) => {
  const button = make("button", { type: "button", textContent: say("Copy") });
  button.onclick = async () => {
    await navigator.clipboard.writeText(text());
    byId("status").textContent = button.textContent = say("Copied");
    setTimeout(() => { button.textContent = say("Copy"); }, 1500);
  };
  return button;
};
const line = (label, text) => {
  const code = make("code", { tabIndex: 0, textContent: text });
  return make("div", { className: "line" }, label, code, copier(() => code.textContent));
};
const showTexts = (found) => {
  texts = found;
  byId("alt").textContent = found.alt;
  const named = (english) => make("span", { textContent: say(english) });
  const program = line(frameworks(), "");
  byId("lines").replaceChildren(
    line(named("Command"), found.command), line(named("Python"), found.python), line(named("Figure set"), found.toml), program);
  showProgram(program);
  byId("download").href = base + asked("file", "/" + byId("format").value);
};
const frameworks = () => {
  const select = make("select", { ariaLabel: say("Program") }, make("option", { value: "", textContent: say("Program") }));
  select.append(...about.frameworks.map((each) => make("option", { value: each, textContent: each, selected: each === localStorage.framework })));
  select.onchange = () => {
    localStorage.framework = select.value;
    showProgram(select.parentElement);
  };
  return select;
};
const showProgram = async (place) => {
  const code = place.querySelector("code");
  code.textContent = "";
  if (!localStorage.framework) return;
  try {
    code.textContent = await (await ask(asked("code", "/" + localStorage.framework))).text();
  } catch (problem) {
    code.textContent = problem.message || "";
  }
};

// A set of figures, kept by the browser.
const kept = () => JSON.parse(localStorage.set || "[]");
const showSet = () => {
  const n = kept().length;
  byId("set").hidden = byId("empty").hidden = !n;
  byId("set").textContent = say("Download the set ({n})", { n });
};
byId("add").onclick = () => { localStorage.set = JSON.stringify([...kept(), texts.toml]); showSet(); };
byId("empty").onclick = () => { delete localStorage.set; showSet(); };
byId("set").onclick = () => {
  const address = URL.createObjectURL(new Blob([kept().join("\n")], { type: "application/toml" }));
  make("a", { href: address, download: "figures.toml" }).click();
};
byId("format").append(...about.formats.map((each) => make("option", { value: each, textContent: each })));
byId("format").value = "gif";
byId("format").onchange = () => { byId("download").href = base + asked("file", "/" + byId("format").value); };
byId("reset").onclick = () => {
  values = lang() === "en" ? {} : { lang: values.lang };
  form.write(values);
  update(true);
};

const wording = () => {
  document.documentElement.lang = lang();
  for (const each of document.querySelectorAll("[data-words]")) each.textContent = say(each.dataset.words);
  byId("lang").value = lang();
  showSet();
};
const showGallery = async () => {
  const cards = Object.entries(about.scenes).map(([name, text]) => make("a", { href: base + name + query() },
    make("img", { alt: "" }), make("b", { textContent: name }), make("span", { textContent: say(text) })));
  byId("cards").replaceChildren(...cards);
  // One by one: whoever goes on to a figure need not wait for all the others.
  for (const [place, name] of Object.keys(about.scenes).entries()) {
    const picture = cards[place].firstChild;
    if (byId("gallery").hidden || !picture.isConnected) return;
    picture.src = `${base}-/still/${name}/last${query()}`;
    await picture.decode().catch(() => {});
  }
};
const open = async () => {
  const [path, more = ""] = location.href.slice(base.length).split("?");
  scene = decodeURIComponent(path);
  values = Object.fromEntries(new URLSearchParams(more));
  wording();
  byId("gallery").hidden = Boolean(scene);
  byId("work").hidden = !scene;
  byId("scene").value = scene;
  document.title = scene ? `${scene} · cnnviz studio` : "cnnviz studio";
  if (!scene) { showGallery(); return; }
  byId("title").textContent = scene;
  byId("summary").textContent = say(about.scenes[scene]);
  await build();
  draw();
};
const build = async () => form.build(await (await ask(`-/schema/${scene}?lang=${lang()}`)).json(), values);
const goTo = (address) => {
  history.pushState(null, "", address);
  open();
};
byId("scene").append(make("option", { value: "", textContent: "—" }), ...Object.keys(about.scenes).map((each) => make("option", { value: each, textContent: each })));
byId("scene").onchange = () => goTo(base + byId("scene").value + (lang() === "en" ? "" : `?lang=${lang()}`));
byId("lang").append(...Object.entries(about.languages).map(([code, name]) => make("option", { value: code, textContent: name })));
byId("lang").onchange = () => {
  if (byId("lang").value === "en") delete values.lang;
  else values.lang = byId("lang").value;
  goTo(base + scene + query());
};
byId("form").onsubmit = (event) => event.preventDefault();
addEventListener("popstate", open);
open();
