// The photo and the signature of the report's form.
import { preview, shrink } from "./photo.js";
import { SigningField } from "./signature.js";
import { fill, number, say, show } from "./words.js";

const KILOBYTE = 1000;

export class Pictures {
  constructor(section, changed) {
    this.section = section;
    this.changed = changed;
    this.photo = null;
    this.there = null;
    this.choosing = null; // the choice that is being made small; whatever comes of others is dropped
    this.working = Promise.resolve();
    this.input = section.querySelector("#f-photo");
    this.input.addEventListener("change", () => { this.working = this.choose(); });
    this.signing = new SigningField(section.querySelector("[data-signature]"), () => this.touched());
    section.querySelector("[data-forget-photo]").addEventListener("click", () => this.forgetPhoto());
    section.querySelector("[data-clear-signature]").addEventListener("click", () => {
      this.signing.set([]);
      this.touched();
    });
  }

  /** Show those of a draft; `there` tells which the visit has already. */
  set(draft, there) {
    this.there = there;
    this.choosing = null;
    this.signing.set(draft.strokes);
    this.setPhoto(draft.photo);
    show(this.section, "photo_section", there.allowed);
    show(this.section, "photo_there", there.photo);
    show(this.section, "signature_there", there.signature);
    show(this.section, "sign", !there.signature);
    fill(this.section, { photo_trouble: "" });
  }

  get() {
    const { photo, signing, there } = this;
    return {
      photo: there.photo || !there.allowed ? null : photo,
      strokes: there.signature ? [] : signing.strokes,
    };
  }

  touched() {
    this.changed();
  }

  async choose() {
    const [file] = this.input.files;
    this.input.value = "";
    if (!file) return;
    const choice = (this.choosing = {});
    fill(this.section, { photo_trouble: say("photo_working") });
    const photo = await shrink(file).catch(() => null);
    if (this.choosing !== choice) return;
    this.choosing = null;
    fill(this.section, { photo_trouble: photo ? "" : say("photo_unreadable") });
    if (!photo) return;
    this.setPhoto(photo);
    this.changed();
  }

  /** Done once no photo is being made small. */
  async ready() {
    while (this.choosing) await this.working;
  }

  /** The form is left or saved: a photo that is still to come is for none. */
  close() {
    this.choosing = null;
  }

  setPhoto(photo) {
    this.photo = photo;
    show(this.section, "photo", Boolean(photo));
    show(this.section, "choose_photo", !photo && !this.there?.photo);
    fill(this.section, {
      photo_size: photo && say("photo_size", { kilobytes: number(Math.ceil(photo.size / KILOBYTE)) }),
    });
    if (!photo) return;
    preview(this.section.querySelector("[data-photo]"), photo).catch(() => {
      fill(this.section, { photo_trouble: say("photo_unseen") });
    });
  }

  forgetPhoto() {
    this.setPhoto(null);
    this.input.focus();
    this.changed();
  }
}
