// Keeps the counts of an open page current. The page is complete without it: reloading shows the same figures.
const pulse = document.querySelector("[data-feed]");
const said = pulse?.querySelector("[data-said]");
const number = new Intl.NumberFormat(document.documentElement.lang);
const FIELDS = { present: 0, residents: 1, unsure: 2, open: 0 };
let retryMs = 5000;

function tell(state, text) {
  pulse.dataset.state = state;
  if (said.textContent !== text) said.textContent = text;
}

function show(span, count) {
  const text = number.format(count);
  if (span.textContent === text) return;
  span.textContent = text;
  span.classList.remove("changed");
  void span.offsetWidth; // restarts the animation for a count that changes twice
  span.classList.add("changed");
}

function take(event) {
  for (const [place, counts] of Object.entries(JSON.parse(event.data))) {
    for (const [field, index] of Object.entries(FIELDS)) {
      for (const span of document.querySelectorAll(`[data-count="${place}:${field}"]`)) show(span, counts[index]);
    }
    for (const part of document.querySelectorAll(`[data-some="${place}"]`)) part.hidden = counts[0] === 0;
    // A page of things to see to is drawn again as soon as there is more, or less, than it shows.
    if (place === "alarms:all" && pulse.dataset.again && pulse.dataset.again !== counts.join(".")) location.reload();
    const unsure = document.querySelector(`[data-unsure="${place}"]`);
    const visited = document.querySelector(`[data-visited="${place}"]`);
    if (visited) visited.hidden = !counts[3];
    if (unsure) unsure.hidden = counts[FIELDS.unsure] === 0;
  }
}

function listen() {
  const source = new EventSource(pulse.dataset.feed);
  source.addEventListener("open", () => { retryMs = 5000; tell("live", pulse.dataset.live); });
  source.addEventListener("counts", take);
  source.addEventListener("over", () => { source.close(); location.reload(); });
  source.addEventListener("error", () => {
    tell("lost", pulse.dataset.lost);
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(listen, retryMs);
    retryMs = Math.min(retryMs * 2, 120000);
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

if (pulse && "EventSource" in window) listen();
