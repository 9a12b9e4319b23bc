/** Networks that do not come as they were built: the workers that mask get something else for what they fetch. Chromium only, which lets a test into a worker. */

import type { WebWorker } from "puppeteer-core"
import type { Person } from "./person.ts"

export type Spoilt = "missing" | "changed"

declare global {
  interface Window {
    /** One more of the workers may hear what the page tells it. */
    spoilt: () => void
  }
}

/** The script that holds back what the page tells workers that mask. */
export const holding = (): string => `(${inside.toString()})()`

function inside(): void {
  let workers = 0
  let ready = 0
  let held: (() => void)[] = []
  const flush = (): void => {
    if (ready < workers) return
    for (const send of held) send()
    held = []
  }
  window.spoilt = () => {
    ready++
    flush()
  }
  window.Worker = class extends Worker {
    readonly #masks: boolean
    constructor(script: string | URL, options?: WorkerOptions) {
      super(script, options)
      this.#masks = String(script).includes("mask")
      if (this.#masks) workers++
    }
    override postMessage(message: unknown, move?: Transferable[] | StructuredSerializeOptions): void {
      const send = (): void => super.postMessage(message, move as Transferable[])
      if (!this.#masks) return send()
      held.push(send)
      flush()
    }
  }
}

/** Whatever a worker that masks fetches in this page from now on is not there, or another byte. */
export function spoil(person: Person, how: Spoilt): void {
  const reach = async (worker: WebWorker): Promise<void> => {
    if (!worker.url().includes("mask")) return
    await worker.evaluate((missing) => {
      const real = self.fetch
      self.fetch = async (...of) => {
        if (missing) return new Response(null, { status: 404 })
        const bytes = new Uint8Array(await (await real(...of)).arrayBuffer())
        bytes[1000] = (bytes[1000] ?? 0) ^ 1
        return new Response(bytes)
      }
    }, how === "missing")
    await person.page.evaluate(() => window.spoilt())
  }
  // A worker that has ended meanwhile needs nothing any more.
  person.page.on("workercreated", (worker) => void reach(worker).catch(() => undefined))
}
