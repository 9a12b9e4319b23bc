/** The real server, as an operator starts it: one process, an empty folder, two lines of output. */

import assert from "node:assert/strict"
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { PAGE_MS, until } from "./wait.ts"

/** What run.sh built. */
export const ROOT = process.env["PARAVENT_ROOT"] ?? process.cwd()
export const BINARY = join(ROOT, "bin/paravent")
export const TAPPED = join(ROOT, "bin/tapserver")

export interface Starting {
  readonly binary?: string
  readonly flags?: readonly string[]
  /** A command and arguments before the binary's own, such as nsenter's. */
  readonly before?: readonly string[]
  /** HOST:PORT to listen on; port 0 is any. */
  readonly listen?: string
}

/** What the tapped server could learn of one stream (tests/tapserver). */
export interface Heard {
  readonly codec: string
  readonly packets: number
  readonly frames: number
  readonly torn: number
  readonly late: number
  readonly sealed: number
  readonly clear: number
  readonly marked: number
  readonly why: string
  readonly sizes: readonly number[]
  readonly chance: number
}

export class Server {
  readonly origin: string // https://HOST:PORT
  readonly process: ChildProcess
  readonly folder: string
  readonly out: () => string
  readonly err: () => string

  readonly #tapped: boolean

  private constructor(child: ChildProcess, folder: string, tapped: boolean, out: () => string, err: () => string) {
    this.#tapped = tapped
    this.process = child
    this.folder = folder
    this.out = out
    this.err = err
    this.origin = new URL(out().split("\n")[0] ?? "").origin
  }

  static async start(how: Starting = {}): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), "paravent-e2e-"))
    const flags = ["-listen", how.listen ?? "127.0.0.1:0", ...(how.flags ?? [])]
    const [command = "", ...args] = [...(how.before ?? []), how.binary ?? BINARY, ...flags]
    const child = spawn(command, args, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] })
    let out = ""
    let err = ""
    child.stdout.on("data", (bytes) => {
      out += bytes
    })
    child.stderr.on("data", (bytes) => {
      err += bytes
    })
    const failed = new Promise<never>((_, no) => child.once("error", no))
    await Promise.race([
      failed,
      until(
        "the server prints its two lines",
        async () => out.split("\n").length > 2,
        PAGE_MS,
        async () => out + err,
      ),
    ])
    process.once("exit", () => child.kill("SIGKILL")) // a test run that is broken off leaves nothing behind
    return new Server(
      child,
      folder,
      how.binary === TAPPED,
      () => out,
      () => err,
    )
  }

  /** Asks a tapped server what it has heard so far. */
  async heard(): Promise<Heard[]> {
    const before = this.out().length
    this.process.stdin?.write("\n")
    const line = await until(
      "the tap answers",
      async () => (this.out().slice(before).includes("\n") ? this.out().slice(before).split("\n")[0] : undefined),
      PAGE_MS,
    )
    return JSON.parse(line) as Heard[]
  }

  /** Kilobytes of memory in use. */
  async memory(): Promise<number> {
    const status = await readFile(`/proc/${this.process.pid}/status`, "utf8")
    return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1])
  }

  /** Ends the process, whatever state it is in. */
  kill(): void {
    this.process.kill("SIGKILL")
  }

  /** Ends the process and checks what it leaves: two lines, the certificate and its key. */
  async stop(): Promise<void> {
    const ended = new Promise<number | null>((done) => this.process.once("exit", done))
    if (this.process.exitCode === null) {
      this.process.kill("SIGTERM")
      assert.equal(await ended, 0, `exit code of the server\n${this.err()}`)
    }
    const files = (await readdir(this.folder, { recursive: true })).sort()
    await rm(this.folder, { recursive: true })
    assert.equal(this.err(), "", "the server writes nothing to stderr")
    const lines = this.out().split("\n")
    assert.match(
      lines.slice(0, 2).join("\n"),
      /^https:\/\/\S+\n([0-9A-F]{2}:){31}[0-9A-F]{2}$/,
      "the server prints a link and a fingerprint",
    )
    if (!this.#tapped) assert.deepEqual(lines.slice(2), [""], "the server prints nothing else")
    const keys = files.filter((name) => name !== "paravent-data/host.key") // for host tokens alone
    assert.ok(keys.length <= 3, `the server writes its certificate and keys only, not ${files.join(", ")}`)
  }
}
