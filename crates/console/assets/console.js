// Reloads pictures when a purge has ended, and says so when the server cannot be reached.

// The picture's URL stays what it is, or it would be another picture. A new fragment makes the browser look for it
// again, and it asks the node, since the site's browser lifetime is 0.
function reload(card, purge) {
  const picture = card.querySelector("img");
  const url = new URL(picture.src);
  url.hash = purge;
  picture.addEventListener("load", () => card.classList.add("fresh"), { once: true });
  card.classList.remove("fresh");
  picture.src = url.href;
  card.querySelector(".said")?.remove();
}

document.addEventListener("purge-ended", (event) => {
  const ended = JSON.parse(event.detail.data);
  if (!ended.succeeded) return;
  for (const card of document.querySelectorAll(".card")) {
    if (ended.originals.length === 0 || ended.originals.includes(card.dataset.original)) reload(card, ended.id);
  }
});

// Where the answer would have been shown.
function say(place, text) {
  const notice = document.createElement("p");
  notice.className = "notice bad";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  place.replaceChildren(notice);
}

document.addEventListener("htmx:error", (event) => {
  const request = event.detail.ctx;
  // A list that refreshes itself keeps what it has, and tries again.
  if (!request?.target || request.request.method === "GET") return;
  say(request.target, "The server cannot be reached. Nothing was done, or nothing is known of it: look again.");
});
