// Takes the token out of the link that `make demo` prints. A fragment stays in the browser: no server sees it.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
if (token) {
  history.replaceState(null, "", location.pathname);
  const form = document.getElementById("login");
  form.elements.token.value = token;
  form.requestSubmit();
}
