// reveal.js: the steps of a figure are fragments of its slide, so that the presenter's key advances them.
//
//   <section><iframe class="cnnviz" src="conv.html"></iframe></section>
//   <script src="steps.js"></script>
//   <script>Reveal.initialize({ plugins: [CnnvizSteps] });</script>
const CnnvizSteps = {
  id: "cnnviz",
  init: (deck) => {
    const frameOf = (source) => [...document.querySelectorAll("iframe")].find((frame) => frame.contentWindow === source);
    const show = (slide) => {
      if (!slide) return;
      for (const frame of slide.querySelectorAll("iframe[data-cnnviz-steps]")) {
        const shown = slide.querySelectorAll(".cnnviz-step.visible").length;
        frame.contentWindow.postMessage({ cnnvizStep: shown + 1 }, "*");
      }
    };
    addEventListener("message", ({ data, source }) => {
      const frame = data && Number.isInteger(data.cnnvizSteps) ? frameOf(source) : null;
      const slide = frame && frame.closest("section");
      if (!slide) return;
      if (!frame.dataset.cnnvizSteps) {
        frame.dataset.cnnvizSteps = data.cnnvizSteps;
        for (let step = 1; step < data.cnnvizSteps; step++) {
          const fragment = document.createElement("span");
          fragment.className = "fragment cnnviz-step";
          slide.append(fragment);
        }
        deck.sync();
      }
      show(slide);
    });
    for (const event of ["fragmentshown", "fragmenthidden", "slidechanged"]) deck.on(event, () => show(deck.getCurrentSlide()));
  },
};
