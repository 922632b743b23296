// Reloads pictures when a purge has ended, and says so when the server cannot be reached.

// Its URL stays what it is, or it would be another picture; and setting the same URL again shows what the document has
// in its list of available images (HTML standard), without asking anyone. A fetch that must ask the node replaces what
// the browser has of it first. It accepts what pictures accept, so that the node negotiates the same representation.
async function reload(card) {
  const picture = card.querySelector("img");
  const url = picture.src;
  card.classList.remove("fresh");
  const headers = { accept: "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5" };
  const answer = await fetch(url, { mode: "no-cors", cache: "no-cache", headers });
  await answer.blob();
  picture.addEventListener("load", () => card.classList.add("fresh"), { once: true });
  picture.src = url;
  card.querySelector(".said")?.remove();
}

document.addEventListener("purge-ended", (event) => {
  const ended = JSON.parse(event.detail.data);
  if (!ended.succeeded) return;
  for (const card of document.querySelectorAll(".card")) {
    const concerned = ended.originals.length === 0 || ended.originals.includes(card.dataset.original);
    if (concerned) reload(card).catch(() => say(card.querySelector(".at-source"), "The picture cannot be loaded."));
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
