/** The connection to the server and its way back: tries again until it must be given up. */

import { type ClientMessage, closeCode, type ServerMessage } from "../wire/messages.gen.ts"
import { CLOSED_MALFORMED, connect, type Socket } from "../wire/socket.ts"
import type { End } from "./state.ts"

/** Waits before each try to come back, in ms; the last one repeats until GIVE_UP_MS after the loss. */
const BACKOFF_MS = [0, 300, 700, 1500, 3000]
const GIVE_UP_MS = 120_000

/**
 * So long a page that is about to be left does not try: Firefox closes its
 * connection first and lets it go on until the next page is there. What it came
 * back with would be missing there, and look like a copy to the server. A page
 * that is still there then is not left after all.
 */
const LEAVING_MS = 10_000

/** What may be said on a connection before the server has let this person in: anything else ends the stay. */
const ENTRY: readonly ClientMessage["t"][] = ["join", "resume", "knock", "leave"]

/** Closings after which trying again would not mend anything. */
const FINAL: ReadonlyMap<number, End> = new Map([
  [closeCode.replaced, "taken-over"],
  [closeCode.removed, "removed"],
  [closeCode.ended, "over"],
  // One side does not speak the protocol.
  [closeCode.malformed, "lost"],
  [CLOSED_MALFORMED, "lost"],
])

interface LineHeard {
  message(message: ServerMessage): void
  /** The connection broke; the way back begins. */
  lost(): void
  /** There is no way back. */
  gone(why: End): void
}

export class Line {
  readonly #url: string
  readonly #heard: LineHeard
  #socket: Socket | null = null
  #entered = false
  #lostAt: number | null = null
  #tries = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #closed = false
  #leaving = Number.NEGATIVE_INFINITY // when the page was last about to be left
  readonly #online = (): void => this.#now()
  readonly #unloading = (): void => {
    this.#leaving = performance.now()
  }

  constructor(url: string, heard: LineHeard) {
    this.#url = url
    this.#heard = heard
    addEventListener("online", this.#online)
    addEventListener("beforeunload", this.#unloading)
    this.#connect()
  }

  /** The present connection, to tell answers to an older one from those to this; null while there is none. */
  get socket(): Socket | null {
    return this.#socket
  }

  get lost(): boolean {
    return this.#lostAt !== null
  }

  /** Whether the server has let this person in on this connection. */
  get entered(): boolean {
    return this.#entered
  }

  /** The server says that this person is in, or outside. */
  enter(isIn: boolean): void {
    this.#entered = isIn
  }

  /** The way back is found, or there is one to wait on. Returns whether the connection had been lost. */
  found(): boolean {
    const lost = this.lost
    this.#lostAt = null
    return lost
  }

  send(m: ClientMessage): void {
    if (!this.#closed && (this.#entered || ENTRY.includes(m.t))) this.#socket?.send(m)
  }

  close(): void {
    this.#closed = true
    this.#socket?.close()
    this.#socket = null
    clearTimeout(this.#retry)
    removeEventListener("online", this.#online)
    removeEventListener("beforeunload", this.#unloading)
  }

  #connect(): void {
    this.#entered = false
    this.#socket = connect(this.#url, {
      message: (m) => this.#heard.message(m),
      closed: (code) => this.#broken(code),
    })
  }

  #now(): void {
    if (this.#closed || !this.lost || this.#stays(performance.now()) > 0) return
    clearTimeout(this.#retry)
    this.#socket?.close()
    this.#connect()
  }

  #broken(code: number): void {
    this.#socket = null
    this.#entered = false
    if (this.#closed) return
    const end = FINAL.get(code)
    if (end !== undefined) return this.#heard.gone(end)
    const now = performance.now()
    if (this.#lostAt === null) {
      this.#lostAt = now
      this.#tries = 0
      this.#heard.lost()
    }
    if (now - this.#lostAt > GIVE_UP_MS) return this.#heard.gone("lost")
    const wait = BACKOFF_MS[Math.min(this.#tries++, BACKOFF_MS.length - 1)] ?? 0
    this.#retry = setTimeout(() => this.#connect(), Math.max(wait, this.#stays(now)))
  }

  /** How long it takes until this page can be believed to stay, in ms. */
  #stays(now: number): number {
    return this.#leaving + LEAVING_MS - now
  }
}
