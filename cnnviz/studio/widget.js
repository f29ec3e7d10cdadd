const render = ({ model, el }) => {
  const say = (english, gaps = {}) => (model.get("_words")[english] || english).replace(/\{(\w+)\}/g, (gap, name) => gaps[name]);
  let timer = 0;
  const form = makeForm({
    say,
    changed: (values) => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        model.set("_values", { ...values });
        model.save_changes();
      }, 30);
    },
    numbers: async (name) => model.get("_numbers")[name] || [["0"]],
  });
  const stage = make("div", { className: "cnnviz-stage" });
  // The old figure stays until the new one is there.
  const draw = () => {
    const frame = make("iframe", { srcdoc: model.get("_page"), title: model.get("_alt") });
    frame.setAttribute("sandbox", "allow-scripts");
    frame.onload = () => {
      for (const old of [...stage.children]) if (old !== frame) old.remove();
    };
    stage.append(frame);
    form.clear();
  };
  const write = () => form.write(model.get("_values"));
  const tell = () => {
    if (model.get("_problem").message) form.tell(model.get("_problem"));
    else form.clear();
  };
  const build = () => form.build(model.get("_schema"), model.get("_values"));
  build();
  model.on("change:_schema", build);
  model.on("change:_page", draw);
  model.on("change:_values", write);
  model.on("change:_problem", tell);
  draw();
  el.classList.add("cnnviz-explorer");
  el.append(stage, form.element);
  return () => {
    model.off("change:_schema", build);
    model.off("change:_page", draw);
    model.off("change:_values", write);
    model.off("change:_problem", tell);
  };
};
export default { render };
