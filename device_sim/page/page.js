// Asks the simulator every second, shows what it says, and sends what a person does at the door. Keeps nothing.

import { TEXTS } from "/texts.js";

const LONGEST_SIDE_PX = 1280;
const find = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let typed = "";
let shown = null;
let stream = null;
let forget = 0;

function text(key, ...values) {
  const both = TEXTS[key];
  if (!both) return key;
  return values.reduce((sentence, value, at) => sentence.replace(`{${at}}`, value), both[language === "zh" ? 0 : 1]);
}

async function ask(request) {
  const answer = await fetch("/ask", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(request) });
  return answer.json();
}

async function act(request) {
  try {
    const answer = await ask({ lock: find("lock").value, ...request });
    if (answer.error) tell(answer.error, false);
    else if (answer.words) tell(answer.words[language], answer.opened || ["more", "saying"].includes(answer.stage));
    if (answer.state) show(answer.state);
  } catch {
    tell(text("silent"), false);
  }
}

function tell(sentence, good) {
  const answer = find("answer");
  answer.textContent = sentence;
  answer.className = `answer ${good ? "good" : "stop"}`;
  answer.hidden = false;
  clearTimeout(forget);
  forget = setTimeout(() => { answer.hidden = true; }, 12000);
}

function show(state) {
  shown = state;
  const open = state.door.leaf !== "closed";
  find("door").className = `door ${state.door.bolt} ${open ? "open" : ""}`;
  find("bolt-word").textContent = text(`bolt_${state.door.bolt}`);
  find("leaf-word").textContent = text(`leaf_${state.door.leaf}`);
  document.querySelector("[data-to=open]").hidden = open;
  document.querySelector("[data-to=closed]").hidden = !open;
  showFacts(state);
  find("events").replaceChildren(...(state.events ?? []).toReversed().map(eventLine));
  showMishaps(state);
  const taking = state.enrolment;
  find("enrolment").hidden = !taking;
  if (taking) find("enrolment").textContent = taking.words[language] + (taking.left_s ? ` ${text("seconds_left", taking.left_s)}` : "");
}

function showFacts(state) {
  const outside = state.door.emergency_power ? ` ${text("on_emergency")}` : "";
  const facts = [["link", linkWord(state)], ["battery", `${Math.round(state.door.battery_percent)}%${outside}`]];
  if (state.power) {
    facts.push(["mode", text(`mode_${state.mode}`) + (state.on_fire ? ` · ${text("on_fire")}` : "")]);
    const held = Object.entries(state.list.entries).map(([kind, count]) => `${text(`kind_${kind}`)} ${count}`).join(" · ");
    facts.push(["list", text("list_version", state.list.version, held || text("list_empty")) + (state.list.confirmed ? "" : ` · ${text("list_unconfirmed")}`)]);
    facts.push(["flash", text("flash_state", state.log.next_sequence - 1, state.log.unstored)]);
    const time = state.clock.quality === "UNSET" ? "" : ` · ${clockTime(state.clock.now_ms, { dateStyle: "short", timeStyle: "medium" })}`;
    facts.push(["clock", text(`clock_${state.clock.quality}`) + time]);
    if (state.certificate) {
      const until = clockTime(state.certificate.until_s * 1000, { dateStyle: "medium" });
      const { next } = state.certificate;
      facts.push(["certificate", text("certificate_until", until) + (next === "none" ? "" : text(`certificate_${next}`))]);
    }
  }
  if (state.power) facts.unshift(...claimFacts(state));
  find("claim-button").hidden = !state.claim?.nobodys;
  find("facts").replaceChildren(...facts.flatMap(([name, value]) => [element("dt", text(name)), element("dd", value)]));
}

function claimFacts(state) {
  const { claim } = state;
  const facts = [];
  if (claim.open_s) facts.push(["claim", text("claim_open", Math.round(claim.open_s))]);
  else if (claim.nobodys) facts.push(["claim", text(claim.boxed ? "claim_boxed" : claim.awaits_welcome ? "claim_unwelcomed" : "claim_released")]);
  if (claim.secret) facts.push(["cover", text("cover_says", state.lock, claim.secret)]);
  return facts;
}

function linkWord(state) {
  if (!state.power) return text("link_off");
  if (!state.link.network) return text("link_cut");
  if (!state.link.linked) return text("link_down");
  return text(state.proven ? "link_proven" : "link_linked");
}

function eventLine(event) {
  const fields = event.fields;
  const type = { ALARM_RAISED: 0, DOOR_MOVED: 1 }[event.type];
  const said = [
    sourceWord(fields),
    fields.MODE !== undefined && text(`mode_is_${fields.MODE}`),
    fields.OVERRIDE !== undefined && text(`override_${fields.OVERRIDE}`),
    fields.OVERRIDE !== undefined && fields.OPERATION === 0 && text("override_ended"),
    fields.POWER === 1 && text("emergency_power"),
    type !== undefined && text(`code_${type}_${fields.CODE}`),
    fields.CREDENTIAL_ID !== undefined && text("credential", fields.CREDENTIAL_ID),
    event.type === "ACCESS_LIST_APPLIED" && text("version", fields.LIST_VERSION),
    fields.AFTER_CREDENTIAL !== undefined && text("after", fields.AFTER_CREDENTIAL),
    fields.COUNT !== undefined && text("times", fields.COUNT),
  ].filter(Boolean);
  const line = element("li");
  const time = element("time", event.clock === "UNSET" ? "—" : clockTime(event.at_ms, { timeStyle: "medium" }));
  line.append(time, element("span", [text(event.type), ...said].join(" · ")));
  return line;
}

function sourceWord(fields) {
  const key = fields.SOURCE === 1 && fields.DIRECTION === 1 ? "source_1_1" : `source_${fields.SOURCE}`;
  return fields.SOURCE !== undefined && TEXTS[key] && text(key);
}

function showMishaps(state) {
  const { network } = state.link;
  const mishaps = [
    network ? ["cut_network", { do: "cut_network" }] : ["restore_network", { do: "restore_network" }],
    state.power ? ["cut_power", { do: "cut_power" }] : ["restore_power", { do: "restore_power" }],
    state.door.obstructed ? ["free", { do: "jam", stuck: false }] : ["jam", { do: "jam", stuck: true }],
    ["drain", { do: "drain", percent: 45 }],
    ["drift", { do: "drift_clock", seconds: 86400 }],
    ["force", { do: "door", to: "forced" }],
    ["tamper", { do: "tamper" }],
    ["key", { do: "key" }],
    state.door.emergency_power ? ["power_outside_off", { do: "emergency_power", connected: false }] : ["power_outside", { do: "emergency_power", connected: true }],
    state.on_fire ? ["fire_over", { do: "override", kind: "fire", lasts: false }] : ["fire", { do: "override", kind: "fire" }],
    ["locksmith", { do: "override", kind: "locksmith" }],
  ];
  const names = language + mishaps.map(([name]) => name).join();
  if (find("mishaps").dataset.names === names) return;
  find("mishaps").dataset.names = names;
  find("mishaps").replaceChildren(...mishaps.map(([name, request]) => button(text(name), () => act(request))));
}

function clockTime(ms, style) {
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { ...style, hour12: false }).format(new Date(ms));
}

function element(name, words) {
  const made = document.createElement(name);
  if (words !== undefined) made.textContent = words;
  return made;
}

function button(words, pressed) {
  const made = element("button", words);
  made.type = "button";
  made.addEventListener("click", pressed);
  return made;
}

function jpegOf(source, width, height) {
  const scale = Math.min(1, LONGEST_SIDE_PX / Math.max(width, height));
  const canvas = element("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", 0.92).split(",")[1];
}

const showPicture = (image) => act({ do: "face", image_base64: image, live: !find("fake").checked });

async function readPhoto(file) {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    return jpegOf(picture, picture.width, picture.height);
  } catch {
    tell(text("bad_photo"), false);
    return null;
  }
}

async function showPhoto(file) {
  const image = await readPhoto(file);
  if (image) await showPicture(image);
}

async function holdCard(form) {
  const request = { do: "card", number: find("number").value };
  const [portrait] = find("portrait").files;
  form.reset();
  const image = portrait ? await readPhoto(portrait) : null;
  if (!portrait || image) await act(image ? { ...request, image_base64: image } : request);
}

async function openCamera() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    find("video").srcObject = stream;
    await find("video").play();
    find("viewfinder").hidden = false;
  } catch {
    tell(text("no_camera"), false);
  }
}

function closeCamera() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
  find("viewfinder").hidden = true;
}

function chooseWay(way) {
  for (const choice of document.querySelectorAll("[data-way]")) choice.setAttribute("aria-pressed", String(choice.dataset.way === way));
  for (const form of document.querySelectorAll("form")) form.hidden = form.id !== `way-${way}`;
  closeCamera();
}

function press(key) {
  if (key === "enter") { act({ do: "pin", digits: typed }); typed = ""; }
  else if (key === "clear") typed = "";
  else if (typed.length < 8) typed += key;
  find("typed").textContent = "•".repeat(typed.length);
}

function speak() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = text("title");
  for (const one of document.querySelectorAll("[data-text]")) one.textContent = text(one.dataset.text);
  find("language").textContent = text("language");
  const keys = [..."123456789", "clear", "0", "enter"];
  find("keys").replaceChildren(...keys.map((key) => button(key.length === 1 ? key : text(key), () => press(key))));
  if (shown) show(shown);
}

async function listLocks() {
  const { locks } = await ask({ do: "locks" });
  const named = (one) => one.label || one.lock;
  locks.sort((one, other) => named(one).localeCompare(named(other), "zh", { numeric: true }));
  find("lock").replaceChildren(...locks.map((one) => {
    const choice = element("option", one.label ? `${one.label} (${one.lock})` : one.lock);
    choice.value = one.lock;
    return choice;
  }));
}

async function watch() {
  try {
    if (!find("lock").value) await listLocks();
    const answer = await ask({ lock: find("lock").value, do: "state" });
    if (answer.state && answer.state.lock === find("lock").value) show(answer.state);
  } catch {
    tell(text("silent"), false);
  }
  setTimeout(watch, 1000);
}

find("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; speak(); });
find("lock").addEventListener("change", () => { find("answer").hidden = true; act({ do: "state" }); });
find("photo").addEventListener("change", (event) => { if (event.target.files[0]) showPhoto(event.target.files[0]); event.target.value = ""; });
find("camera").addEventListener("click", openCamera);
find("shoot").addEventListener("click", () => showPicture(jpegOf(find("video"), find("video").videoWidth, find("video").videoHeight)));
find("way-card").addEventListener("submit", (event) => { event.preventDefault(); holdCard(event.target); });
find("way-pin").addEventListener("submit", (event) => event.preventDefault());
find("way-face").addEventListener("submit", (event) => event.preventDefault());
find("privacy").addEventListener("click", () => act({ do: "privacy" }));
find("claim-button").addEventListener("click", () => act({ do: "claim_button" }));
find("way-inside").addEventListener("submit", (event) => { event.preventDefault(); act({ do: "handle" }); });
for (const way of document.querySelectorAll("[data-way]")) way.addEventListener("click", () => chooseWay(way.dataset.way));
for (const leaf of document.querySelectorAll("[data-do=door]")) leaf.addEventListener("click", () => act({ do: "door", to: leaf.dataset.to }));
document.addEventListener("keydown", (event) => {
  if (find("way-pin").hidden || event.target.matches("button, select, input")) return;
  if (/^[0-9]$/.test(event.key)) press(event.key);
  if (event.key === "Enter") press("enter");
});

speak();
chooseWay("face");
watch();
