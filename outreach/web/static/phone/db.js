// The phone's database: opened once, every write on the disk before it counts as done.

const NAME = "outreach-phone";
const STORES = { keep: "key", drafts: "visit_id", items: "id", blobs: "id" };
let opening = null;

/** Open the database; refused where the browser keeps nothing (then all lives in memory only). */
export function openStore() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) asked.result.createObjectStore(name, { keyPath });
    };
    asked.onsuccess = () => {
      const db = asked.result;
      db.onversionchange = () => db.close();
      db.onclose = () => { opening = null; };
      resolve(db);
    };
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new DOMException("blocked", "InvalidStateError"));
  }).catch((error) => {
    opening = null;
    throw error;
  });
  return opening;
}

/**
 * Run `work(stores)` in one transaction and give what it gave, once all of it is on the disk.
 * Within it only requests of these stores may be awaited.
 */
export async function write(names, work) {
  return run(await openStore(), names, "readwrite", work);
}

export async function read(names, work) {
  return run(await openStore(), names, "readonly", work);
}

function run(db, names, mode, work) {
  return new Promise((resolve, reject) => {
    const transaction = db.transaction(names, mode, { durability: "strict" });
    const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
    let failure = null;
    let given;
    transaction.oncomplete = () => resolve(given);
    transaction.onabort = () => reject(failure ?? transaction.error ?? new DOMException("aborted", "AbortError"));
    work(stores).then(
      (value) => { given = value; },
      (error) => {
        failure = error;
        try { transaction.abort(); } catch { reject(error); }
      },
    );
  });
}

/** What a request of a store gives. */
export function got(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
