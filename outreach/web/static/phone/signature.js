// The signature of the village head: strokes of a finger, kept as numbers and sent as a small PNG.
import { encoded } from "./photo.js";

const WIDTH = 600;
const HEIGHT = 240;
const PEN = 4;

/** Let people sign on *canvas*; *changed* hears the strokes after each of them. */
export class SigningField {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.changed = changed;
    this.strokes = [];
    this.current = null;
    canvas.width = WIDTH;
    canvas.height = HEIGHT;
    canvas.addEventListener("pointerdown", (event) => this.start(event));
    canvas.addEventListener("pointermove", (event) => this.draw(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, () => this.finish());
    }
    this.set([]);
  }

  set(strokes) {
    this.strokes = strokes;
    paint(this.canvas, strokes);
  }

  start(event) {
    if (!event.isPrimary) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.current = [this.point(event)];
  }

  draw(event) {
    if (!this.current || !event.isPrimary) return;
    this.current.push(this.point(event));
    line(this.canvas.getContext("2d"), this.current.slice(-2));
  }

  finish() {
    if (!this.current) return;
    this.strokes = [...this.strokes, this.current];
    this.current = null;
    paint(this.canvas, this.strokes);
    this.changed(this.strokes);
  }

  /** Where the finger is, on the paper of the signature, however large the screen shows it. */
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * WIDTH;
    const down = ((event.clientY - box.top) / box.height) * HEIGHT;
    return [Math.round(across), Math.round(down)];
  }
}

/** The strokes as a picture; null if nobody signed. */
export async function pictureOf(strokes) {
  if (strokes.length === 0) return null;
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  paint(canvas, strokes);
  return encoded(canvas, "image/png");
}

function paint(canvas, strokes) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, WIDTH, HEIGHT);
  for (const stroke of strokes) line(pen, stroke);
}

function line(pen, points) {
  pen.strokeStyle = "#123";
  pen.lineWidth = PEN;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...points[0]);
  // A tap is a dot: a line to where it began.
  for (const point of points.length > 1 ? points.slice(1) : points) pen.lineTo(...point);
  pen.stroke();
}
