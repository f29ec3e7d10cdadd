"use strict";
(async () => {
  const byId = (id) => document.getElementById(id);
  const make = (tag, properties = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  };
  const base = document.querySelector("base").href;
  const ask = async (path, options) => {
    const answer = await fetch(base + path, options);
    if (answer.ok) return answer;
    const kind = answer.headers.get("content-type") || "";
    throw kind.includes("json") ? await answer.json() : { message: await answer.text() };
  };

  const about = await (await ask("-/about")).json();
  let scene = "", schema = null, values = {};
  const lang = () => (about.words[values.lang] ? values.lang : "en");
  const say = (english, gaps = {}) =>
    about.words[lang()][english].replace(/\{(\w+)\}/g, (gap, name) => gaps[name]);
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

  // The form: a field for each parameter, by its schema.
  const fields = new Map();
  let touched = "";
  const sizes = (property) => property.anyOf && property.anyOf[0];
  const limits = (property) => {
    const { minimum, maximum } = sizes(property) || property;
    return { minimum, maximum };
  };
  const number = (text) => (text === "" || text === undefined ? NaN : Number(text));
  const field = (name, property) => {
    const id = `field-${name}`, bounds = limits(property);
    const shown = property.default === undefined ? "" : String(property.default);
    const whole = Boolean(sizes(property)) || property.type === "integer";
    const entry = make("div", { className: "entry" });
    let input, slider = null;
    if (property.enum) {
      input = make("select", { id });
      if (!shown) input.append(make("option", { value: "", textContent: "—" }));
      input.append(...property.enum.map((each) => make("option", { value: each, textContent: each })));
    } else if (property.type === "boolean") {
      input = make("input", { id, type: "checkbox" });
    } else {
      input = make("input", { id, type: "text", placeholder: shown || property.usual || "" });
      if (property.suggestions) {
        const list = make("datalist", { id: `${id}-list` });
        list.append(...property.suggestions.map((each) => make("option", { value: each })));
        input.setAttribute("list", list.id);
        entry.append(list);
      }
    }
    entry.prepend(input);
    const read = () => (input.type === "checkbox" ? String(input.checked) : input.value.trim());
    const usual = property.type === "boolean" ? String(property.default === true) : shown;
    const write = (text) => {
      if (input.type === "checkbox") input.checked = (text === undefined ? usual : text) === "true";
      else if (input.tagName === "SELECT") input.value = text === undefined ? usual : text;
      else input.value = text === undefined ? "" : text;
      if (slider) slider.value = number(text) || number(shown) || bounds.minimum || 0;
    };
    const changed = (lasting) => {
      const text = read();
      touched = name;
      if (text === "" || text === usual) delete values[name];
      else values[name] = text;
      if (slider) slider.value = number(text) || number(shown) || bounds.minimum || 0;
      update(lasting);
    };
    input.addEventListener(input.type === "text" ? "input" : "change", () => changed(false));
    input.addEventListener("change", () => changed(true));
    const numeric = bounds.minimum !== undefined && bounds.maximum !== undefined;
    if (numeric) {
      const most = sizes(property) ? Math.min(16, bounds.maximum) : bounds.maximum;
      const step = whole ? 1 : (most - bounds.minimum) / 100;
      const current = () => number(read()) || number(shown) || Math.max(bounds.minimum, whole ? 3 : 0);
      const stepper = (sign, by) => make("button", {
        type: "button", className: "step", textContent: sign, ariaLabel: `${name} ${sign}`,
        onclick: () => {
          const next = Math.min(bounds.maximum, Math.max(bounds.minimum, current() + by));
          input.value = String(whole ? Math.round(next) : Number(next.toPrecision(4)));
          changed(true);
        },
      });
      if (whole) entry.append(stepper("−", -1), stepper("+", 1));
      if (most - bounds.minimum <= 100) {
        slider = make("input", { type: "range", min: bounds.minimum, max: most, step, ariaLabel: name });
        slider.addEventListener("input", () => { input.value = slider.value; changed(false); });
        slider.addEventListener("change", () => changed(true));
      }
    }
    const help = make("small", { textContent: property.description + (property.unit ? ` (${property.unit})` : "") });
    const error = make("div", { id: `${id}-error`, className: "error", role: "alert", hidden: true });
    input.setAttribute("aria-describedby", error.id);
    const made = make("div", { className: "field" }, make("label", { htmlFor: id }, make("b", { textContent: name }), " ", help), entry);
    if (slider) made.append(make("div", { className: "entry" }, slider));
    if (Array.isArray(property.type)) {
      const edit = make("button", { type: "button", textContent: say("Edit the numbers"), onclick: () => editGrid(name) });
      made.append(edit, dropZone(name));
    }
    made.append(error);
    fields.set(name, { input, write, error, usual, made, group: property.group });
    return made;
  };
  const set = (name, text) => {
    touched = name;
    if (text === fields.get(name).usual || text === "") delete values[name];
    else values[name] = text;
    fields.get(name).write(values[name]);
    update(true);
  };

  // Files: dropped on a field, or chosen.
  const dropZone = (name) => {
    const choose = make("input", { type: "file", className: "quiet" });
    const zone = make("label", { className: "drop", textContent: say("Drop a file here, or choose one") }, choose);
    const send = async (file) => {
      if (!file) return;
      try {
        const path = "-/upload?name=" + encodeURIComponent(file.name);
        set(name, (await (await ask(path, { method: "POST", body: file })).json()).value);
      } catch (problem) {
        tell({ parameter: name, remedy: {}, ...problem });
      }
    };
    choose.onchange = () => send(choose.files[0]);
    zone.ondragover = (event) => { event.preventDefault(); zone.classList.add("over"); };
    zone.ondragleave = () => zone.classList.remove("over");
    zone.ondrop = (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      send(event.dataTransfer.files[0]);
    };
    return zone;
  };

  // The grid editor.
  const rowsOf = (text) => text.trim().split(/[;\n]/).map((row) => row.trim().split(/[\s,\t]+/));
  const numbersOf = async (name) => {
    const text = values[name] || "";
    if (/^[-+.\d][-+.\deE\s,;/]*$/.test(text)) return rowsOf(text);
    try {
      const board = await (await ask(asked("file", "/json"))).json();
      const panel = board.panels.find((each) => each.name === name);
      const kept = panel.values.map((row, r) => row.filter((_, c) => !panel.roles[r][c].startsWith("padding")));
      return kept.filter((row) => row.length).map((row) => row.map(String));
    } catch {
      return [["0", "0", "0"], ["0", "0", "0"], ["0", "0", "0"]];
    }
  };
  const editGrid = async (name) => {
    let cells = await numbersOf(name);
    const dialog = byId("grid"), table = byId("table");
    const at = (r, c) => table.querySelector(`[data-at="${r},${c}"]`);
    const fill = () => {
      byId("rows").value = cells.length;
      byId("columns").value = cells[0].length;
      table.replaceChildren(...cells.map((row, r) => make("div", { style: "white-space:nowrap" }, ...row.map((value, c) => {
        const cell = make("input", { value, inputMode: "decimal", ariaLabel: `${r + 1}, ${c + 1}` });
        cell.dataset.at = `${r},${c}`;
        cell.oninput = () => { cells[r][c] = cell.value; };
        return cell;
      }))));
    };
    const resize = (rows, columns) => {
      rows = Math.min(64, Math.max(1, rows || 1));
      columns = Math.min(64, Math.max(1, columns || 1));
      cells = Array.from({ length: rows }, (_, r) => Array.from({ length: columns }, (_, c) => (cells[r] || [])[c] || "0"));
      fill();
    };
    byId("rows").onchange = byId("columns").onchange = () => resize(+byId("rows").value, +byId("columns").value);
    table.onkeydown = (event) => {
      const ways = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0] };
      const way = ways[event.key];
      if (!way || !event.target.dataset.at) return;
      event.preventDefault();
      const [r, c] = event.target.dataset.at.split(",").map(Number), next = at(r + way[0], c + way[1]);
      if (next) { next.focus(); next.select(); }
    };
    table.onpaste = (event) => {
      const text = event.clipboardData.getData("text");
      if (!/[\t\n;,]|\S\s+\S/.test(text.trim()) || !event.target.dataset.at) return;
      event.preventDefault();
      const [r, c] = event.target.dataset.at.split(",").map(Number), pasted = rowsOf(text);
      resize(Math.max(cells.length, r + pasted.length), Math.max(cells[0].length, c + Math.max(...pasted.map((p) => p.length))));
      pasted.forEach((row, y) => row.forEach((value, x) => { cells[r + y][c + x] = value; }));
      fill();
      at(r, c).focus();
    };
    fill();
    dialog.onclose = () => {
      if (dialog.returnValue === "use") set(name, cells.map((row) => row.map((v) => v.trim() || "0").join(" ")).join("; "));
      fields.get(name).input.focus();
    };
    dialog.returnValue = "";
    dialog.showModal();
    at(0, 0).focus();
  };

  // What is wrong is said at its field, with what would work.
  const clear = () => {
    byId("trouble").hidden = true;
    for (const { input, error } of fields.values()) {
      input.removeAttribute("aria-invalid");
      error.hidden = true;
    }
  };
  const tell = (problem) => {
    clear();
    // Where parameters do not fit together, the one changed last is where it shows.
    const found = fields.get(problem.parameter || touched);
    const remedies = Object.entries(problem.remedy || {}).filter(([name]) => fields.has(name)).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join("x") : String(value);
      return make("button", { type: "button", textContent: say("Use {name} {value}", { name, value: text }), onclick: () => set(name, text) });
    });
    const place = found ? found.error : byId("trouble");
    place.replaceChildren(problem.message || say("The studio does not answer: start it again."), " ", ...remedies);
    place.hidden = false;
    if (found) {
      found.input.setAttribute("aria-invalid", "true");
      const closed = found.made.closest("details");
      if (closed) closed.open = true;
    }
  };

  // The figure: its first step at once, then the player.
  let round = 0, running = null, timer = 0, pictured = "";
  const update = (lasting) => {
    const address = base + scene + query();
    // What is still being typed, or dragged, is no place to come back to.
    if (lasting && address !== location.href) history.pushState(null, "", address);
    clearTimeout(timer);
    timer = setTimeout(draw, 30);
  };
  const draw = async () => {
    const mine = ++round, began = performance.now();
    if (running) running.abort();
    running = new AbortController();
    const options = { signal: running.signal };
    byId("view").setAttribute("aria-busy", "true");
    try {
      const picture = URL.createObjectURL(await (await ask(asked("still", "/first"), options)).blob());
      if (mine !== round) return;
      clear();
      const still = byId("still");
      URL.revokeObjectURL(pictured);
      pictured = still.src = picture;
      await still.decode();
      if (mine !== round) return;
      still.hidden = false;
      document.body.dataset.milliseconds = String(Math.round(performance.now() - began));
      const texts = await (await ask(asked("texts"), options)).json();
      if (mine !== round) return;
      showTexts(texts);
      const frame = make("iframe", { src: base + asked("player"), title: texts.alt });
      frame.setAttribute("sandbox", "allow-scripts");
      frame.style.visibility = "hidden";
      byId("stage").append(frame);
      await new Promise((done) => { frame.onload = done; });
      if (mine !== round) { frame.remove(); return; }
      frame.style.visibility = "";
      for (const old of [...byId("stage").querySelectorAll("iframe")]) if (old !== frame) old.remove();
      still.hidden = true;
      byId("view").setAttribute("aria-busy", "false");
    } catch (problem) {
      if (mine !== round || problem.name === "AbortError") return;
      byId("view").setAttribute("aria-busy", "false");
      tell(problem instanceof Error ? {} : problem);
    }
  };
  const line = (label, text) => make("div", { className: "line" }, label, make("code", { tabIndex: 0, textContent: text }), copier(() => text));
  const copier = (text) => {
    const button = make("button", { type: "button", textContent: say("Copy") });
    button.onclick = async () => {
      await navigator.clipboard.writeText(text());
      byId("status").textContent = button.textContent = say("Copied");
      setTimeout(() => { button.textContent = say("Copy"); }, 1500);
    };
    return button;
  };
  let texts = {};
  const showTexts = (found) => {
    texts = found;
    byId("still").alt = byId("alt").textContent = found.alt;
    const named = (english) => make("span", { textContent: say(english) });
    const program = line(frameworkSelect(), ""), code = program.querySelector("code");
    program.lastChild.replaceWith(copier(() => code.textContent));
    byId("lines").replaceChildren(
      line(named("Command"), found.command), line(named("Python"), found.python), line(named("Figure set"), found.toml), program);
    showCode(code);
    byId("download").href = base + asked("file", "/" + byId("format").value);
  };
  const frameworkSelect = () => {
    const select = make("select", { ariaLabel: say("Program") });
    select.append(make("option", { value: "", textContent: say("Program") }));
    select.append(...about.frameworks.map((each) => make("option", { value: each, textContent: each, selected: each === localStorage.framework })));
    select.onchange = () => {
      localStorage.framework = select.value;
      showCode(select.parentElement.querySelector("code"));
    };
    return select;
  };
  const showCode = async (code) => {
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
  byId("reset").onclick = () => { values = lang() === "en" ? {} : { lang: values.lang }; refill(); update(true); };

  const refill = () => { for (const [name, { write }] of fields) write(values[name]); };
  const wording = () => {
    document.documentElement.lang = lang();
    for (const each of document.querySelectorAll("[data-words]")) each.textContent = say(each.dataset.words);
    byId("lang").value = lang();
    showSet();
  };
  const open = async () => {
    const address = location.href.slice(base.length).split("?");
    scene = decodeURIComponent(address[0]);
    values = Object.fromEntries(new URLSearchParams(address[1] || ""));
    wording();
    byId("gallery").hidden = Boolean(scene);
    byId("work").hidden = !scene;
    byId("scene").value = scene;
    document.title = scene ? `${scene} · cnnviz studio` : "cnnviz studio";
    if (!scene) return showGallery();
    byId("title").textContent = scene;
    byId("summary").textContent = about.scenes[scene];
    schema = await (await ask(`-/schema/${scene}`)).json();
    fields.clear();
    const groups = new Map();
    for (const [name, property] of Object.entries(schema.properties)) {
      if (name === "lang") { fields.set(name, { input: byId("lang"), write: () => {}, usual: "en", error: make("div"), made: make("div") }); continue; }
      if (!groups.has(property.group)) groups.set(property.group, make("details", { open: ["Operation", "Data"].includes(property.group) }, make("summary", { textContent: property.group })));
      groups.get(property.group).append(field(name, property));
    }
    const order = ["Operation", "Data", "Look", "Timing", "Still", "Output"];
    byId("fields").replaceChildren(...[...groups].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(([, made]) => made));
    refill();
    draw();
  };
  const showGallery = async () => {
    const cards = Object.entries(about.scenes).map(([name, text]) => make("a", { href: base + name + query() },
      make("img", { alt: "" }), make("b", { textContent: name }), make("span", { textContent: text })));
    byId("cards").replaceChildren(...cards);
    // One by one: whoever goes on to a figure need not wait for all the others.
    for (const [place, name] of Object.keys(about.scenes).entries()) {
      const picture = cards[place].firstChild;
      if (byId("gallery").hidden || !picture.isConnected) return;
      picture.src = `${base}-/still/${name}/last${query()}`;
      await picture.decode().catch(() => {});
    }
  };
  byId("scene").append(make("option", { value: "", textContent: "—" }), ...Object.keys(about.scenes).map((each) => make("option", { value: each, textContent: each })));
  byId("scene").onchange = () => {
    history.pushState(null, "", base + byId("scene").value + (lang() === "en" ? "" : `?lang=${lang()}`));
    open();
  };
  byId("lang").append(...Object.entries(about.languages).map(([code, name]) => make("option", { value: code, textContent: name })));
  byId("lang").onchange = () => {
    if (byId("lang").value === "en") delete values.lang;
    else values.lang = byId("lang").value;
    history.pushState(null, "", base + scene + query());
    open();
  };
  byId("form").onsubmit = (event) => event.preventDefault();
  addEventListener("popstate", open);
  open();
})();
