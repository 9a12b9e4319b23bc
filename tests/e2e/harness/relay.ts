/** A bad network between one person and the server (tests/netsim/relay). */

import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { ROOT } from "./server.ts"

const RELAY = join(ROOT, "bin/relay")

/** How a way is from `at` ms on; what is not said is as good as can be. See netsim.Link. */
export interface Step {
  readonly at: number
  readonly rate?: number // bit/s
  readonly queue?: number // bytes
  readonly delay?: number // ms
  readonly jitter?: number // ms
  readonly loss?: number // 0..1
  readonly begin?: number // chance that a burst of loss begins
  readonly end?: number // and that it ends
  readonly cut?: boolean
}

export interface Ways {
  readonly up?: readonly Step[]
  readonly down?: readonly Step[]
}

interface Passed {
  readonly Packets: number
  readonly Bytes: number
  readonly Lost: number
}

export class Relay {
  /** Runs in a person's page before its own scripts, and leads its connections here. */
  readonly script: string
  readonly #process: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess, lines: AsyncIterator<string>, from: string, to: string) {
    this.#process = child
    this.#lines = lines
    const place = (address: string): string => JSON.stringify(`${address.replace(":", " ")} `)
    this.script = `(${detour.toString()})(${place(from)}, ${place(to)})`
  }

  static async start(origin: string, seed = 1): Promise<Relay> {
    const server = `127.0.0.1:${new URL(origin).port}`
    const child = spawn(RELAY, ["-server", server, "-seed", String(seed)], { stdio: ["pipe", "pipe", "inherit"] })
    process.once("exit", () => child.kill("SIGKILL"))
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const first = await lines.next()
    return new Relay(child, lines, server, String(first.value))
  }

  /** Makes the network so from now on; says what went through until now. */
  async play(ways: Ways): Promise<{ readonly up: Passed; readonly down: Passed }> {
    this.#process.stdin?.write(`${JSON.stringify(ways)}\n`)
    return JSON.parse(String((await this.#lines.next()).value))
  }

  close(): void {
    this.#process.stdin?.end()
  }
}

function detour(from: string, to: string): void {
  type Take = (this: RTCPeerConnection, d: RTCSessionDescriptionInit) => Promise<void>
  const real = RTCPeerConnection.prototype.setRemoteDescription as Take
  const take: Take = function (d) {
    // There is no other way to the server, such as TCP.
    const lines = (d.sdp ?? "").split("\r\n").filter((l) => !l.startsWith("a=candidate:") || (l.includes(from) && / udp /i.test(l)))
    const sdp = lines.map((l) => (l.startsWith("a=candidate:") ? l.replace(from, to) : l)).join("\r\n")
    return real.call(this, { type: d.type, sdp })
  }
  RTCPeerConnection.prototype.setRemoteDescription = take as typeof RTCPeerConnection.prototype.setRemoteDescription
}
