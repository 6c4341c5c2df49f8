// What makes pages better where scripts run; nothing depends on it. No page loads or sends anything from here.
"use strict";
(() => {
  // A form is sent once: a second tap must not approve twice.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "yes";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; }
  });
  // A button that prints.
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
  // Fields that belong to a choice show while it is chosen.
  const parts = document.querySelectorAll("[data-when]");
  const show = () => {
    for (const part of parts) {
      const [name, value] = part.dataset.when.split("=");
      const chosen = document.querySelector(`input[name="${name}"]:checked`);
      part.hidden = !chosen || chosen.value !== value;
    }
  };
  if (parts.length) { document.addEventListener("change", show); show(); }
})();
