/**
 * The key of this browser for one personal invitation. It is the only thing
 * that outlives a tab: made for people who come by such a link alone, in
 * IndexedDB, where nobody can read its private half, and deleted when the
 * invitation has expired. Every invitation has its own, so that they cannot
 * be linked.
 */

const NAME = "paravent"
const STORE = "devices"

/** How long the key of an invitation without an end is kept, in ms. */
const KEPT_MS = 180 * 24 * 60 * 60 * 1000

interface Entry {
  readonly pair: CryptoKeyPair
  readonly until: number // ms since 1970
}

const result = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => void request.result.createObjectStore(STORE)
  return result(request)
}

const isEntry = (v: unknown): v is Entry =>
  typeof v === "object" && v !== null && "pair" in v && "until" in v && typeof v.until === "number"

/** A pair for this page alone, not kept. */
export const freshDevice = (): Promise<CryptoKeyPair> =>
  crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]) as Promise<CryptoKeyPair>

/**
 * This browser's key pair (Ed25519) for the ticket with this key (in hex),
 * made at the first call. `until` is when the ticket ends, ms since 1970; 0 if
 * it does not. Where nothing can be kept the pair is for this page alone.
 */
export async function deviceKey(ticket: string, until: number, now: number): Promise<CryptoKeyPair> {
  let database: IDBDatabase | null = null
  try {
    database = await open()
    const kept: unknown = await result(database.transaction(STORE).objectStore(STORE).get(ticket))
    if (isEntry(kept)) return kept.pair
    const entry: Entry = { pair: await freshDevice(), until: until === 0 ? now + KEPT_MS : until }
    await result(database.transaction(STORE, "readwrite").objectStore(STORE).put(entry, ticket))
    return entry.pair
  } catch {
    return freshDevice() // storage is switched off: reloaded, this browser is another device
  } finally {
    database?.close()
  }
}

/** Deletes the keys of invitations that have expired, and with the last one the database. */
export async function forgetExpired(now: number): Promise<void> {
  try {
    // Opened it would be made: nobody without an invitation has one.
    if (!(await indexedDB.databases()).some((d) => d.name === NAME)) return
    const database = await open()
    const store = database.transaction(STORE, "readwrite").objectStore(STORE)
    for (const key of await result(store.getAllKeys())) {
      const entry: unknown = await result(store.get(key))
      if (!isEntry(entry) || entry.until < now) await result(store.delete(key))
    }
    const left = await result(store.count())
    database.close()
    if (left === 0) indexedDB.deleteDatabase(NAME)
  } catch {
    // Storage is switched off.
  }
}
