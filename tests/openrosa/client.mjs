// Fills our form in with ODK's own engine and sends it, as a phone would: the list of forms, the
// form, its files, HEAD, then the parts. What to answer comes as JSON on standard input, what
// became of it goes out as JSON.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const installed = createRequire(`${process.env.OPENROSA_ENGINE}/package.json`);
const { JSDOM } = installed("jsdom");
const { window } = new JSDOM("");
for (const name of ["Attr", "CDATASection", "Comment", "Document", "DOMParser", "Element", "Node",
  "NodeFilter", "ProcessingInstruction", "Text", "XMLDocument", "XMLSerializer", "document"]) {
  globalThis[name] = window[name];
}
globalThis.__dirname = "/"; // the engine's parser asks for it in Node, and reads nothing there
const engine = await import(pathToFileURL(installed.resolve("@getodk/xforms-engine")));

const HEADERS = () => ({ "X-OpenRosa-Version": "1.0", Date: new Date().toUTCString() });
const md5 = (bytes) => `md5:${createHash("md5").update(bytes).digest("hex")}`;

async function fetched(url, hash) {
  const answer = await fetch(url, { headers: HEADERS() });
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`${answer.status} at ${new URL(url).pathname.slice(-20)}`);
  if (hash && md5(bytes) !== hash) throw new Error("the hash is not that of the list");
  return bytes;
}

const parsed = (bytes) => new DOMParser().parseFromString(bytes.toString(), "text/xml");
const text = (parent, name) => parent.getElementsByTagName(name)[0]?.textContent ?? "";

async function formOf(server) {
  const [entry] = parsed(await fetched(`${server}/formList`)).getElementsByTagName("xform");
  const xml = await fetched(text(entry, "downloadUrl"), text(entry, "hash"));
  const manifest = parsed(await fetched(text(entry, "manifestUrl")));
  const files = new Map();
  for (const file of manifest.getElementsByTagName("mediaFile")) {
    const bytes = await fetched(text(file, "downloadUrl"), text(file, "hash"));
    files.set(text(file, "filename"), bytes);
  }
  const fetchFormAttachment = async (url) => {
    const bytes = files.get(String(url).split("/").pop());
    return bytes ? new Response(bytes, { headers: { "Content-Type": "text/csv" } }) : new Response(null, { status: 404 });
  };
  const form = await engine.loadForm(xml.toString(), { fetchFormAttachment });
  if (form.status !== "success") throw new Error(String(form.error ?? form.warnings));
  return form;
}

const children = (node) => node.currentState.children ?? [];
const named = (node, name) => children(node).find((one) => one.currentState.reference.endsWith(`/${name}`));

function answer(node, value) {
  if (node.nodeType === "select") return node.selectValue(value);
  if (node.nodeType === "upload") {
    const [name, path, type] = value;
    return node.setValue(new File([readFileSync(path)], name, { type }));
  }
  return node.setValue(value);
}

function fillIn(root, told) {
  for (const [name, value] of Object.entries(told.answers ?? {})) answer(named(root, name), value);
  const lines = told.details ?? [];
  const range = lines.length ? named(root, "details") : null;
  for (const [place, line] of lines.entries()) {
    if (place > 0) range.addInstances();
    for (const [name, value] of Object.entries(line)) answer(named(children(range)[place], name), value);
  }
  for (const [name, value] of Object.entries(told.afterwards ?? {})) answer(named(root, name), value);
}

function problems(root) {
  return root.validationState.violations.map(({ reference, violation }) => ({
    name: reference.split("/").pop(),
    condition: violation.condition,
    words: violation.message?.asString ?? "",
  }));
}

async function sent(server, root, mostBytes) {
  const head = await fetch(`${server}/submission`, { method: "HEAD", headers: HEADERS() });
  if (head.status !== 204) throw new Error(`HEAD is answered ${head.status}`);
  const maxSize = mostBytes ?? Number(head.headers.get("X-OpenRosa-Accept-Content-Length"));
  const payload = await root.prepareInstancePayload({ payloadType: "chunked", maxSize });
  if (payload.status !== "ready") throw new Error(`the form is ${payload.status}`);
  const answers = [];
  for (const [place, part] of payload.data.entries()) {
    if (place < payload.data.length - 1) part.append("*isIncomplete*", "yes");
    const reply = await fetch(`${server}/submission?deviceID=engine`, { method: "POST", headers: HEADERS(), body: part });
    part.delete("*isIncomplete*");
    const words = text(parsed(Buffer.from(await reply.arrayBuffer())), "message");
    answers.push({ status: reply.status, words });
  }
  return { answers, data: payload.data };
}

const own = (root) => text(parsed(Buffer.from(root.instanceState.instanceXML)), "instanceID");

const told = JSON.parse(readFileSync(0, "utf8"));
const form = await formOf(told.server);
const { root } = form.createInstance();
fillIn(root, told);
const out = {
  offered: named(root, "visit_id").currentState.valueOptions.map((one) => one.label?.asString),
  heldOn: String(named(root, "held_on").currentState.value),
  problems: problems(root),
  instanceId: own(root),
};
if (!out.problems.length) {
  const { answers, data } = await sent(told.server, root, told.mostBytes);
  out.answers = answers;
  if (told.again) out.again = (await sent(told.server, root, told.mostBytes)).answers;
  if (told.edit) {
    const edited = await form.editInstance({ inputType: "FORM_INSTANCE_INPUT_RESOLVED", data });
    fillIn(edited.root, told.edit);
    out.edited = { instanceId: own(edited.root), problems: problems(edited.root) };
    out.edited.answers = (await sent(told.server, edited.root)).answers;
  }
}
console.log(JSON.stringify(out));
