// A photo as the phone keeps and sends it: small, and drawn anew so that nothing but pixels is left.
// The camera's own file holds where and when it was taken and with what; that never leaves.

const LONGEST_EDGE = 1280;
const MOST_BYTES = 250_000;
const QUALITIES = [0.8, 0.65, 0.5];
const SMALLER = 0.75;

/** Draw a picture of the camera anew, small enough to send; throws if it is none. */
export async function shrink(file) {
  let canvas = await smallPicture(file);
  for (;;) {
    for (const quality of QUALITIES) {
      const blob = await encoded(canvas, "image/jpeg", quality);
      if (blob.size <= MOST_BYTES) return blob;
    }
    canvas = drawn(canvas, Math.round(Math.max(canvas.width, canvas.height) * SMALLER));
  }
}

/**
 * The picture, no larger than it is sent. That of a camera may have fifty million points, and all
 * of them at once end the page on a phone with little memory: an image that is loaded is not
 * decoded yet, and when it is drawn small the browser decodes it no larger than it needs.
 */
async function smallPicture(file) {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = () => reject(new Error("this is no picture"));
    });
    return drawn(image, LONGEST_EDGE);
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

/** Show a picture on a canvas of the page: needs no address, so none has to be allowed. */
export async function preview(canvas, blob) {
  const picture = await createImageBitmap(blob);
  canvas.width = picture.width;
  canvas.height = picture.height;
  canvas.getContext("2d").drawImage(picture, 0, 0);
  picture.close();
}

function drawn(picture, edge) {
  const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "medium"; // with "low" the whole of it is decoded
  pen.fillStyle = "#fff"; // a clear picture has no black ground
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

export function encoded(canvas, type, quality) {
  return new Promise((resolve, reject) => {
    const done = (blob) => (blob ? resolve(blob) : reject(new Error("the picture cannot be kept")));
    canvas.toBlob(done, type, quality);
  });
}
