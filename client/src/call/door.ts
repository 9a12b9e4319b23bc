/**
 * What a connection's server and the group worker ask of each other before
 * this person is in. The worker takes its time: an answer is for the
 * connection whose question it answers, and for no later one.
 */

import type { ToGroup } from "../../../e2ee/worker/port.ts"
import type { ServerMessage } from "../wire/messages.gen.ts"
import type { Socket } from "../wire/socket.ts"

type Asked = "join" | "resume" | "resync"

export class Door {
  readonly #toGroup: (message: ToGroup) => void
  readonly #socket: () => Socket | null
  /** What the group worker has been asked for and not answered yet, in order. */
  readonly #asked: { readonly for: Asked; readonly socket: Socket | null }[] = []
  #knocking: Socket | null = null // the connection on which the server wants a knock

  /** `socket` is the present connection. */
  constructor(toGroup: (message: ToGroup) => void, socket: () => Socket | null) {
    this.#toGroup = toGroup
    this.#socket = socket
  }

  /** Answers the server's challenge: with the stay that there is, or with a new one. */
  challenge(nonce: Uint8Array, why: "join" | "resume"): void {
    this.#ask(why, why === "join" ? { do: "prove", nonce } : { do: "key-package" })
  }

  /** Asks to be taken into the group anew. */
  resync(): void {
    this.#ask("resync", { do: "key-package" })
  }

  /** The server says that this person waits outside, and whether for somebody who can be knocked at. */
  waits(m: Extract<ServerMessage, { t: "waiting" }>, name: string): void {
    this.#knocking = m.for === "admission" ? this.#socket() : null
    if (this.#knocking !== null) this.#toGroup({ do: "knock", name, grants: m.grants })
  }

  /** This person is in: a knock that is under way is for nobody. */
  entered(): void {
    this.#knocking = null
  }

  /** What the worker's present proof or key package is for; null when the connection it was for is no more. */
  answers(): Asked | null {
    const asked = this.#asked.shift()
    return asked === undefined || asked.socket === null || asked.socket !== this.#socket() ? null : asked.for
  }

  /** Whether the worker's knock still has a door to go to. */
  get knocks(): boolean {
    return this.#knocking !== null && this.#knocking === this.#socket()
  }

  #ask(why: Asked, question: ToGroup): void {
    this.#asked.push({ for: why, socket: this.#socket() })
    this.#toGroup(question)
  }
}
