const shared = JSON.parse(document.getElementById("shared").textContent);
const usual = Object.fromEntries(Object.entries(shared.schema.properties).map(([name, each]) => [name, String(each.default)]));
const stage = document.getElementById("stage"), form = makeForm({
  say: (english, gaps = {}) => (shared.words[english] || english).replace(/\{(\w+)\}/g, (gap, name) => gaps[name]),
  changed: (values) => {
    const text = new URLSearchParams(values).toString();
    history.replaceState(null, "", text ? `#${text}` : location.pathname);
    show(values);
  },
});
const show = (values) => {
  const wanted = { ...usual, ...values };
  const found = shared.figures.find((each) => Object.entries(each.values).every(([name, value]) => wanted[name] === value));
  form.clear();
  if (!found) return;
  if (found.message) {
    if (!form.tell(found)) document.getElementById("command").textContent = found.message;
    return;
  }
  const frame = make("iframe", { src: found.file, title: found.alt });
  frame.onload = () => { for (const old of [...stage.children]) if (old !== frame) old.remove(); };
  stage.append(frame);
  document.getElementById("command").textContent = found.command;
};
const open = () => {
  const values = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  form.build(shared.schema, values);
  show(values);
};
document.getElementById("form").append(form.element);
addEventListener("hashchange", open);
open();
