// Takes the three frames with the camera and puts them into the same file fields the form has without it.
const FRAMES = ["frame_1", "frame_2", "frame_3"];
const PAUSE_MS = 900;
const LONGEST_PX = 1280;
const corner = document.querySelector("[data-camera]");

function preview(input) {
  const holder = document.querySelector(`[data-preview="${input.name}"]`);
  const picture = holder.querySelector("img");
  if (picture.src) URL.revokeObjectURL(picture.src);
  holder.hidden = input.files.length === 0;
  if (input.files.length) picture.src = URL.createObjectURL(input.files[0]);
}

function hand(input, blob) {
  const held = new DataTransfer();
  held.items.add(new File([blob], `${input.name}.jpg`, { type: "image/jpeg" }));
  input.files = held.files;
  preview(input);
}

async function grab(video) {
  const scale = Math.min(1, LONGEST_PX / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.92));
}

async function take(button) {
  const video = corner.querySelector("video");
  const said = corner.querySelector("[data-said]");
  button.disabled = true;
  said.textContent = corner.dataset.starting;
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user", width: { ideal: 1280 } }, audio: false });
    video.srcObject = stream;
    video.hidden = false;
    await video.play();
    for (const [index, name] of FRAMES.entries()) {
      said.textContent = `${index + 1} / ${FRAMES.length}`;
      await new Promise((wake) => setTimeout(wake, PAUSE_MS));
      hand(document.getElementById(name), await grab(video));
    }
    said.textContent = corner.dataset.taken;
  } catch {
    said.textContent = corner.dataset.unavailable;
  } finally {
    stream?.getTracks().forEach((track) => track.stop());
    video.hidden = true;
    button.disabled = false;
  }
}

for (const input of document.querySelectorAll("input[type=file]")) input.addEventListener("change", () => preview(input));
if (corner && navigator.mediaDevices?.getUserMedia) {
  corner.hidden = false;
  const button = corner.querySelector("[data-take]");
  button.addEventListener("click", () => take(button));
}
