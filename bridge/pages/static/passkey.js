// Passkeys: the one thing a form cannot do alone. A button with data-passkey asks the device and puts its answer into the
// form's field "credential"; the form then goes the way every form goes. Nothing is loaded or sent from here.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const field = (form, name) => form.elements.namedItem(name);
  const create = async (form, options) => {
    const name = field(form, "login")?.value || field(form, "name")?.value || options.user.name || "me";
    options.challenge = bytes(options.challenge);
    options.user = { id: bytes(options.user.id), name, displayName: field(form, "name")?.value || name };
    options.excludeCredentials = (options.excludeCredentials || []).map((one) => ({ ...one, id: bytes(one.id) }));
    const made = await navigator.credentials.create({ publicKey: options });
    return {
      id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
      response: {
        clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject),
        transports: made.response.getTransports ? made.response.getTransports() : [],
      },
    };
  };
  const ask = async (options) => {
    options.challenge = bytes(options.challenge);
    options.allowCredentials = [];
    const shown = await navigator.credentials.get({ publicKey: options });
    return {
      id: shown.id, rawId: text(shown.rawId), type: shown.type, clientExtensionResults: {},
      response: {
        clientDataJSON: text(shown.response.clientDataJSON), authenticatorData: text(shown.response.authenticatorData),
        signature: text(shown.response.signature),
        userHandle: shown.response.userHandle ? text(shown.response.userHandle) : null,
      },
    };
  };
  if (!window.PublicKeyCredential) { return; }
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const form = button.form;
      const wanted = (button.dataset.needs || "").split(" ").filter(Boolean).map((name) => field(form, name));
      if (!wanted.every((one) => one.reportValidity())) { return; }
      const problem = document.getElementById(button.dataset.problem);
      problem.hidden = true;
      try {
        const options = JSON.parse(button.dataset.options);
        const answer = button.dataset.passkey === "create" ? await create(form, options) : await ask(options);
        field(form, "credential").value = JSON.stringify(answer);
        form.submit();
      } catch {
        problem.hidden = false;
        problem.focus();
      }
    });
  }
})();
