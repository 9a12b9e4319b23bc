/**
 * A proxy that everything browsers ask for goes through, whether a page, a
 * worker or the browser itself asks: it lets through what is for the server,
 * and writes down everything. Nothing else is ever reached.
 */

import { readFile } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server as Listener, type ServerResponse } from "node:http"
import { createServer as createSecure, request } from "node:https"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { connect } from "node:tls"
import type { Starting } from "./browsers.ts"
import type { Server } from "./server.ts"

/** The same in every file: each runs in a network of its own. */
const PORT = 3128

/** Browsers that reach the network through the trap alone, loopback too. */
export const trapped: Starting = {
  args: [`--proxy-server=http://127.0.0.1:${PORT}`, "--proxy-bypass-list=<-loopback>"],
  prefs: {
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": PORT,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": PORT,
    "network.proxy.allow_hijacking_localhost": true,
    "network.proxy.no_proxies_on": "",
    "media.peerconnection.ice.tcp": false, // it would ask the proxy for the server's address, without its name
  },
}

/** What browsers ask for by themselves, whatever page they show. */
const BROWSERS_OWN = /(^|\.)(mozilla\.(com|net|org)|firefox\.com|google\.com|googleapis\.com|gvt1\.com)(:\d+)?$/

export class Trap {
  /** Asked of the server, in order: "GET /path"; a WebSocket: "WS /path". */
  readonly asked: string[] = []
  /** HOST:PORT of everything else that was asked for. */
  readonly foreign: string[] = []
  /** Paths for which the server is as if it were not there. */
  unreachable: RegExp | null = null
  readonly #server: Server
  readonly #outer: Listener
  readonly #inner: Listener

  private constructor(server: Server, cert: string, key: string) {
    this.#server = server
    const inner = createSecure({ cert, key }, (asking, answer) => this.#answer(asking, answer))
    inner.on("upgrade", (asking: IncomingMessage, from: Duplex, head: Buffer) => this.#upgrade(asking, from, head))
    const outer = createServer((asking, answer) => {
      this.#elsewhere(asking.headers.host ?? "")
      answer.writeHead(502).end()
    })
    outer.on("connect", (asking: IncomingMessage, from: Duplex, head: Buffer) => {
      from.on("error", () => from.destroy())
      if (asking.url !== new URL(server.origin).host) {
        this.#elsewhere(asking.url ?? "")
        from.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")
        return
      }
      from.write("HTTP/1.1 200 OK\r\n\r\n")
      if (head.length > 0) from.unshift(head)
      inner.emit("connection", from)
    })
    this.#outer = outer
    this.#inner = inner
  }

  static async set(server: Server): Promise<Trap> {
    const read = (name: string): Promise<string> => readFile(join(server.folder, "paravent-data", name), "utf8")
    const trap = new Trap(server, await read("certificate.pem"), await read("key.pem"))
    await new Promise<void>((done) => trap.#outer.listen(PORT, "127.0.0.1", done))
    return trap
  }

  close(): void {
    this.#outer.close()
    for (const listener of [this.#outer, this.#inner]) listener.closeAllConnections()
  }

  #elsewhere(host: string): void {
    // The server's own address again, without its name: media over TCP (Chromium), which is not let through.
    const own = host === `127.0.0.1:${new URL(this.#server.origin).port}`
    if (!own && !BROWSERS_OWN.test(host)) this.foreign.push(host)
  }

  #answer(asking: IncomingMessage, answer: ServerResponse): void {
    const { method = "", url = "", headers } = asking
    this.asked.push(`${method} ${url}`)
    if (this.unreachable?.test(url) === true) return void answer.destroy()
    const onward = request(new URL(url, this.#server.origin), { method, headers, rejectUnauthorized: false }, (come) => {
      answer.writeHead(come.statusCode ?? 502, come.rawHeaders)
      come.pipe(answer)
    })
    onward.on("error", () => answer.destroy())
    asking.pipe(onward)
  }

  #upgrade(asking: IncomingMessage, from: Duplex, head: Buffer): void {
    this.asked.push(`WS ${asking.url}`)
    const { hostname, port } = new URL(this.#server.origin)
    const to = connect({ host: hostname, port: Number(port), rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] }, () => {
      const lines = asking.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []))
      to.write(`GET ${asking.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`)
      to.write(head)
      from.pipe(to).pipe(from)
    })
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      one.on("error", () => other.destroy())
      one.on("close", () => other.destroy())
    }
  }
}
