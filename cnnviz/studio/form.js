// A form for a figure's parameters, from their schema. Its host says what is to happen:
// say(english, gaps) words, changed(values, name, lasting), upload(file) → value, numbers(name) → rows of texts.
export const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

const GROUPS = ["Operation", "Data", "Look", "Timing", "Still", "Output"];
const OPEN = ["Operation", "Data"];
const MOST_CELLS = 64, SLIDER_SIDE = 16, SLIDER_SPAN = 100;
const LITERAL = /^[-+.\d][-+.\deE\s,;/]*$/;

const rowsOf = (text) => text.trim().split(/[;\n]/).map((row) => row.trim().split(/[\s,\t]+/));
// What a spreadsheet copies: cells between tabs, some of them empty, with a comma in numbers where people write it so.
const pastedRows = (text) => (text.includes("\t")
  ? text.replace(/[\r\n]+$/, "").split(/\r?\n/).map((row) => row.split("\t").map((cell) => cell.trim().replace(",", ".") || "0"))
  : rowsOf(text));
const number = (text) => (text === "" || text === undefined ? NaN : Number(text));
const sizeOf = (property) => property.anyOf && property.anyOf[0];
let forms = 0;

export const makeForm = (host) => {
  const prefix = `cnnviz-${++forms}`, fields = new Map();
  const element = make("div", { className: "cnnviz-form" });
  let values = {}, touched = "";

  const set = (name, text, lasting = true) => {
    touched = name;
    if (text === "" || text === fields.get(name).usual) delete values[name];
    else values[name] = text;
    fields.get(name).write(values[name]);
    host.changed(values, name, lasting);
  };

  const entryOf = (property, id, shown) => {
    if (property.enum) {
      const select = make("select", { id });
      if (!shown) select.append(make("option", { value: "", textContent: "—" }));
      select.append(...property.enum.map((each) => make("option", { value: each, textContent: each })));
      return select;
    }
    if (property.type === "boolean") return make("input", { id, type: "checkbox" });
    return make("input", { id, type: "text", placeholder: shown || property.usual || "" });
  };

  const fieldOf = (name, property) => {
    const id = `${prefix}-${name}`, { minimum, maximum } = sizeOf(property) || property;
    const shown = property.default === undefined ? "" : String(property.default);
    const usual = property.type === "boolean" ? String(property.default === true) : shown;
    const whole = Boolean(sizeOf(property)) || property.type === "integer";
    const input = entryOf(property, id, shown), entry = make("div", { className: "entry" }, input);
    input.dataset.parameter = name;
    const error = make("div", { id: `${id}-error`, className: "error", role: "alert", hidden: true });
    input.setAttribute("aria-describedby", error.id);
    const read = () => (input.type === "checkbox" ? String(input.checked) : input.value.trim());
    let slider = null;
    const write = (text) => {
      const wanted = text === undefined ? usual : text;
      if (input.type === "checkbox") input.checked = wanted === "true";
      else if (input.tagName === "SELECT") input.value = wanted;
      else if (input.value.trim() !== (text || "")) input.value = text || "";
      if (slider) slider.value = number(text) || number(shown) || minimum;
    };
    const typed = (lasting) => {
      const text = read();
      if ((values[name] || "") !== (text === usual ? "" : text) || lasting) set(name, text, lasting);
    };
    if (input.type === "text") input.addEventListener("input", () => typed(false));
    input.addEventListener("change", () => typed(true));
    if (property.suggestions) {
      const list = make("datalist", { id: `${id}-list` });
      list.append(...property.suggestions.map((each) => make("option", { value: each })));
      input.setAttribute("list", list.id);
      entry.append(list);
    }
    const help = property.description + (property.unit ? ` (${property.unit})` : "");
    const label = make("label", { htmlFor: id }, make("b", { textContent: name }), " ", make("small", { textContent: help }));
    const made = make("div", { className: "field" }, label, entry);
    if (minimum !== undefined && maximum !== undefined) {
      const most = sizeOf(property) ? Math.min(SLIDER_SIDE, maximum) : maximum;
      const current = () => number(read()) || number(shown) || Math.max(minimum, whole ? 3 : 0);
      const stepper = (sign, by) => make("button", {
        type: "button", className: "step", textContent: sign, ariaLabel: `${name} ${sign}`,
        onclick: () => set(name, String(Math.min(maximum, Math.max(minimum, Math.round(current() + by))))),
      });
      if (whole) entry.append(stepper("−", -1), stepper("+", 1));
      if (most - minimum <= SLIDER_SPAN) {
        const step = whole ? 1 : (most - minimum) / 100;
        slider = make("input", { type: "range", min: minimum, max: most, step, ariaLabel: name });
        slider.addEventListener("input", () => set(name, slider.value, false));
        slider.addEventListener("change", () => set(name, slider.value));
        made.append(make("div", { className: "entry" }, slider));
      }
    }
    if (Array.isArray(property.type)) {
      made.append(make("button", { type: "button", textContent: host.say("Edit the numbers"), onclick: () => edit(name) }));
      if (host.upload) made.append(zoneOf(name));
    }
    made.append(error);
    fields.set(name, { input, write, error, usual, made });
    return made;
  };

  const zoneOf = (name) => {
    const choose = make("input", { type: "file", className: "quiet" });
    const zone = make("label", { className: "drop", textContent: host.say("Drop a file here, or choose one") }, choose);
    const send = async (file) => {
      if (!file) return;
      try {
        set(name, await host.upload(file));
      } catch (problem) {
        tell({ ...problem, parameter: name });
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

  // The grid editor: cells to type in, arrow keys between them, and what a spreadsheet copies.
  const edit = async (name) => {
    const text = values[name] || "";
    let cells = LITERAL.test(text) ? rowsOf(text) : await host.numbers(name);
    const table = make("div", { className: "table" });
    const counted = (english) => make("input", { type: "number", min: 1, max: MOST_CELLS, ariaLabel: host.say(english) });
    const rows = counted("Rows"), columns = counted("Columns");
    const at = (r, c) => table.querySelector(`[data-at="${r},${c}"]`);
    const placeOf = (event) => (event.target.dataset.at || "").split(",").map(Number);
    const fill = () => {
      rows.value = cells.length;
      columns.value = cells[0].length;
      table.replaceChildren(...cells.map((row, r) => make("div", {}, ...row.map((value, c) => {
        const cell = make("input", { value, inputMode: "decimal", ariaLabel: `${r + 1}, ${c + 1}` });
        cell.dataset.at = `${r},${c}`;
        cell.oninput = () => { cells[r][c] = cell.value; };
        return cell;
      }))));
    };
    const resize = (high, wide) => {
      const within = (count) => Array.from({ length: Math.min(MOST_CELLS, Math.max(1, count || 1)) });
      cells = within(high).map((_, r) => within(wide).map((__, c) => (cells[r] || [])[c] || "0"));
      fill();
    };
    // Enter would be taken for the button.
    rows.onkeydown = columns.onkeydown = (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      resize(+rows.value, +columns.value);
    };
    rows.onchange = columns.onchange = () => resize(+rows.value, +columns.value);
    const ways = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Enter: [1, 0] };
    table.onkeydown = (event) => {
      const [r, c] = placeOf(event), way = ways[event.key], next = way && at(r + way[0], c + way[1]);
      if (way) event.preventDefault();
      if (next) { next.focus(); next.select(); }
    };
    table.onpaste = (event) => {
      const pasted = pastedRows(event.clipboardData.getData("text")), [r, c] = placeOf(event);
      if (pasted.length === 1 && pasted[0].length === 1) return;
      event.preventDefault();
      resize(Math.max(cells.length, r + pasted.length), Math.max(cells[0].length, c + Math.max(...pasted.map((p) => p.length))));
      pasted.forEach((row, y) => row.forEach((value, x) => { if ((cells[r + y] || [])[c + x]) cells[r + y][c + x] = value; }));
      fill();
      at(r, c).focus();
    };
    const dialog = make("dialog", {}, make("form", { method: "dialog" },
      make("p", { textContent: host.say("Paste cells from a spreadsheet; arrow keys move.") }),
      make("div", { className: "row" }, host.say("Rows"), rows, host.say("Columns"), columns), table,
      make("div", { className: "row" }, make("button", { value: "use", textContent: host.say("Use these numbers") }),
        make("button", { value: "", formNoValidate: true, textContent: host.say("Cancel") }))));
    dialog.onclose = () => {
      if (dialog.returnValue === "use") set(name, cells.map((row) => row.map((each) => each.trim() || "0").join(" ")).join("; "));
      dialog.remove();
      fields.get(name).input.focus();
    };
    fill();
    element.append(dialog);
    dialog.showModal();
    at(0, 0).focus();
    at(0, 0).select();
  };

  // What is wrong is said at its field, or at the one changed last, with a button for each value that would work.
  const clear = () => {
    for (const { input, error } of fields.values()) {
      input.removeAttribute("aria-invalid");
      error.hidden = true;
    }
  };
  const tell = (problem) => {
    clear();
    const found = fields.get(problem.parameter) || fields.get(touched);
    if (!found) return false;
    const remedies = Object.entries(problem.remedy || {}).filter(([name]) => fields.has(name)).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join("x") : String(value);
      // The field keeps the focus: left, it would be asked about again, and this button be replaced under the pointer.
      const stay = (event) => event.preventDefault();
      return make("button", { type: "button", textContent: host.say("Use {name} {value}", { name, value: text }), onmousedown: stay, onclick: () => set(name, text) });
    });
    found.error.replaceChildren(problem.message, " ", ...remedies);
    found.error.hidden = false;
    found.input.setAttribute("aria-invalid", "true");
    const closed = found.made.closest("details");
    if (closed) closed.open = true;
    return true;
  };

  const write = (wanted) => {
    values = { ...wanted };
    for (const [name, field] of fields) field.write(values[name]);
  };
  const build = (schema, wanted) => {
    fields.clear();
    touched = "";
    const groups = new Map(GROUPS.map((group) => [group, []]));
    for (const [name, property] of Object.entries(schema.properties)) groups.get(property.group).push(fieldOf(name, property));
    element.replaceChildren(...[...groups].filter(([, made]) => made.length).map(([group, made]) =>
      make("details", { open: OPEN.includes(group) }, make("summary", { textContent: host.say(group) }), ...made)));
    write(wanted);
  };
  return { element, build, write, tell, clear };
};
