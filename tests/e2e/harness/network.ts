/**
 * A small network that can be cut without anybody being told: the tests, the
 * server and one far browser each in a network namespace of their own, joined
 * by a switch. Unplugging switches a port off, so that packets vanish while
 * every interface stays up, as they do behind a broken router.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process"
import { createSocket } from "node:dgram"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const ip = (line: string): Promise<unknown> => run("ip", line.split(" "))

/** One namespace behind the switch. */
export interface Place {
  readonly address: string
  readonly port: string // of the switch
  /** Goes before a command that is to run there. */
  readonly before: readonly string[]
}

export class Network {
  readonly server: Place
  readonly far: Place
  /** A program that runs Chromium in the far place. */
  readonly farChromium: string
  readonly #holders: readonly ChildProcess[]
  readonly #folder: string

  private constructor(server: Place, far: Place, holders: readonly ChildProcess[], folder: string, farChromium: string) {
    this.server = server
    this.far = far
    this.farChromium = farChromium
    this.#holders = holders
    this.#folder = folder
  }

  static async make(): Promise<Network> {
    await ip("link add switch type bridge")
    await ip("link set switch up")
    await ip("address add 10.77.0.1/24 dev switch")
    const holders = [hold(), hold()]
    const [server, far] = await Promise.all(holders.map((h, i) => connect(h, `port${i}`, `10.77.0.${i + 2}`)))
    if (server === undefined || far === undefined) throw new Error("no network")
    const folder = await mkdtemp(join(tmpdir(), "paravent-far-"))
    const farChromium = join(folder, "chromium")
    await writeFile(farChromium, `#!/bin/sh\nexec ${far.before.join(" ")} /usr/bin/chromium "$@"\n`, { mode: 0o755 })
    return new Network(server, far, holders, folder, farChromium)
  }

  async unplug(place: Place): Promise<void> {
    await run("bridge", ["link", "set", "dev", place.port, "state", "0"])
  }

  async plug(place: Place): Promise<void> {
    await run("bridge", ["link", "set", "dev", place.port, "state", "3"])
  }

  async close(): Promise<void> {
    for (const holder of this.#holders) holder.kill()
    await ip("link delete switch")
    await rm(this.#folder, { recursive: true })
  }
}

/** A process that does nothing in a network namespace of its own. */
const hold = (): ChildProcess => spawn("unshare", ["-n", "sleep", "infinity"], { stdio: "ignore" })

async function connect(holder: ChildProcess, port: string, address: string): Promise<Place> {
  const before = ["nsenter", "-t", String(holder.pid), "-n"]
  const there = (line: string): Promise<unknown> => run(before[0] ?? "", [...before.slice(1), "ip", ...line.split(" ")])
  // unshare has made the namespace once it has become sleep.
  const { readFile } = await import("node:fs/promises")
  const { PAGE_MS, until } = await import("./wait.ts")
  await until("a namespace is there", async () => (await readFile(`/proc/${holder.pid}/comm`, "utf8")).trim() === "sleep", PAGE_MS)
  await ip(`link add ${port} type veth peer name eth0 netns ${holder.pid}`)
  await ip(`link set ${port} master switch up`)
  await there("link set lo up")
  await there(`address add ${address}/24 dev eth0`)
  await there("link set eth0 up")
  return { address, port, before }
}

/** While `run` runs, whatever connects to 127.0.0.1 comes from another address, of another network. Other connections stay. */
export async function fromElsewhere<T>(run: () => Promise<T>): Promise<T> {
  const route = (source: string): Promise<unknown> =>
    ip(`route replace local 127.0.0.1 dev lo table local proto kernel scope host src ${source}`)
  await route("127.77.0.1")
  try {
    const probe = createSocket("udp4")
    await new Promise<void>((done) => probe.connect(9, "127.0.0.1", done))
    const { address } = probe.address()
    probe.close()
    if (address !== "127.77.0.1") throw new Error(`still at ${address}`)
    return await run()
  } finally {
    await route("127.0.0.1")
  }
}
