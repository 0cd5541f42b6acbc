// Looks at this page again while a lock's word is still to come, and shows what is different. Without it the page reloads itself.
const PAUSE_MS = 3000;
const parts = (page) => [...page.querySelectorAll("[data-again]")];

function renew(shown, fresh) {
  const pairs = [...shown.children].map((child, index) => [child, fresh.children[index]]);
  // Only what differs is touched: whoever hears the page is told that and no more.
  if (shown.children.length !== fresh.children.length) shown.replaceChildren(...fresh.childNodes);
  else for (const [old, now] of pairs) if (old.textContent !== now.textContent) old.replaceWith(now);
}

async function look() {
  const answer = await fetch(location.href, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const shown = parts(document), fresh = parts(page);
  if (!answer.ok || answer.redirected || shown.length !== fresh.length) return location.reload();
  shown.forEach((part, index) => renew(part, fresh[index]));
  if (page.querySelector("script[src*='again.js']")) setTimeout(lookLater, PAUSE_MS);
}

function lookLater() {
  if (document.hidden) document.addEventListener("visibilitychange", lookLater, { once: true });
  else look().catch(() => setTimeout(lookLater, PAUSE_MS));
}

setTimeout(lookLater, PAUSE_MS);
