// A moment in the time zone of whoever looks. The server writes it in UTC, for those without scripts; what stands in the
// shadow is not touched when the page around it is swapped.
customElements.define("local-time", class extends HTMLElement {
  static observedAttributes = ["millis"];

  attributeChangedCallback() {
    const moment = new Date(Number(this.getAttribute("millis")));
    if (Number.isNaN(moment.getTime())) return;
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    this.title = moment.toISOString();
  }
});
