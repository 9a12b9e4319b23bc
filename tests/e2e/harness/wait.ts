/** Waiting: always for a condition, with a generous bound, never for a time. */

/** Bounds in ms. They only end a test that has failed; nothing is measured by them, and while the machine stands still they do too. */
export const PAGE_MS = 90_000 // a page is there, an element appears
export const MEDIA_MS = 90_000 // connected, keys agreed, frames decoded
export const RETURN_MS = 120_000 // back after a lost network

const POLL_MS = 100

/** With E2E_TRACE=1 every wait says how long it took. */
const trace = (what: string, ms: number): void => {
  if (process.env["E2E_TRACE"] === "1") process.stderr.write(`# ${ms} ms: ${what}\n`)
}

export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))

/**
 * Asks again and again until the answer is neither undefined nor false and
 * returns it. When `within` ms are over it fails with `what` and `explain()`.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  within: number,
  explain: () => Promise<string> = async () => "",
): Promise<T> {
  const start = Date.now()
  let end = start + within
  let thrown = ""
  for (;;) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) {
        trace(what, Date.now() - start)
        return answer
      }
      thrown = ""
    } catch (e) {
      thrown = String(e) // a page may be on its way to another document
    }
    const asleep = Date.now()
    if (asleep > end) break
    await pause(POLL_MS)
    end += Math.max(0, Date.now() - asleep - 2 * POLL_MS) // this process did not run, and hardly any other
  }
  const more = await explain().catch((e) => `(nothing more can be told: ${e})`)
  throw new Error([`waited ${within} ms in vain: ${what}`, thrown, more].filter((line) => line !== "").join("\n"))
}
