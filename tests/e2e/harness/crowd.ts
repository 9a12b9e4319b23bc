/** Many headless people at once (tests/crowd). */

import assert from "node:assert/strict"
import type { ChildProcessWithoutNullStreams } from "node:child_process"
import { compile, start } from "./programs.ts"
import type { Server } from "./server.ts"

export class Crowd {
  readonly #child: ChildProcessWithoutNullStreams

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
  }

  /** So many people who send pictures, or open, silent microphones; resolves when all of them do. */
  static async fill(server: Server, link: string, people: number, sends: "microphone" | "camera"): Promise<Crowd> {
    const child = start(compile("tests/crowd"), server, "-people", String(people), "-sends", sends, link)
    let said = ""
    child.stderr.on("data", (text) => {
      said += text
    })
    await Promise.race([
      new Promise((done) => child.stdout.once("data", done)),
      new Promise((_, failed) => child.once("exit", (code) => failed(new Error(`the crowd ended: ${code} ${said}`)))),
    ])
    return new Crowd(child)
  }

  async leave(): Promise<void> {
    const left = new Promise((done) => this.#child.once("exit", done))
    this.#child.stdin.end()
    assert.equal(await left, 0)
  }

  kill(): void {
    this.#child.kill("SIGKILL")
  }
}
