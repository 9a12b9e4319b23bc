/** The gallery (client/src/ui/gallery.tsx) in a browser, under the content security policy that the server sends. */

import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Page, Viewport } from "puppeteer-core"
import { launch } from "./browsers.ts"
import { ROOT } from "./server.ts"

const types: Readonly<Record<string, string>> = { "app.js": "text/javascript", "app.css": "text/css", "favicon.svg": "image/svg+xml" }

/** The policy as the server sends it, read from its source so that both cannot drift apart. */
function policy(): string {
  const source = readFileSync(join(ROOT, "server/headers.go"), "utf8")
  const value = /"Content-Security-Policy", ((?:"[^"]*"[\s+]*)+)/.exec(source)?.[1]
  assert.ok(value !== undefined, "server/headers.go has a content security policy")
  return [...value.matchAll(/"([^"]*)"/g)].map((m) => m[1]).join("")
}

function bundle(entry: string, out: string): void {
  const flags = [
    "--bundle",
    "--minify",
    "--target=es2022",
    "--format=esm",
    "--jsx=automatic",
    "--jsx-import-source=preact",
    "--charset=utf8",
  ]
  execFileSync("go", ["tool", "-modfile=tools.mod", "esbuild", entry, `--outfile=${out}`, ...flags, "--log-level=error"], { cwd: ROOT })
}

export const DESKTOP: Viewport = { width: 1280, height: 800, isMobile: false, hasTouch: false }
export const ENGLISH = "language=en&theme=light"

export class Gallery {
  readonly page: Page
  readonly #origin: string
  readonly #end: () => Promise<void>

  private constructor(page: Page, origin: string, end: () => Promise<void>) {
    this.page = page
    this.#origin = origin
    this.#end = end
  }

  static async open(): Promise<Gallery> {
    const folder = mkdtempSync(join(tmpdir(), "paravent-gallery-"))
    bundle("client/src/ui/gallery.tsx", join(folder, "app.js"))
    bundle("client/style/main.css", join(folder, "app.css"))
    const csp = policy()
    const server = createServer((request, response) => {
      const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1) || "index.html"
      if (name !== "index.html" && types[name] === undefined) return response.writeHead(404).end()
      const from = name === "index.html" || name === "favicon.svg" ? join(ROOT, "client") : folder
      response.writeHead(200, { "content-type": types[name] ?? "text/html; charset=utf-8", "content-security-policy": csp })
      return response.end(readFileSync(join(from, name)))
    })
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready))
    const browser = await launch("chromium")
    const page = await browser.newPage()
    await page.emulateMediaFeatures([{ name: "prefers-reduced-motion", value: "reduce" }])
    await page.evaluateOnNewDocument(() => {
      const faults: string[] = []
      Object.assign(globalThis, { faults })
      addEventListener("securitypolicyviolation", (e) => faults.push(`${e.violatedDirective} ${e.blockedURI} ${e.sample}`))
      addEventListener("error", (e) => faults.push(e.message))
    })
    return new Gallery(page, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, async () => {
      await browser.close()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    })
  }

  async visit(view: string, query = ENGLISH): Promise<void> {
    await this.page.goto(`${this.#origin}/?view=${view}&${query}`)
    await this.page.waitForSelector("#app > *")
  }

  /** What has the focus: its name, or what else it is known by. */
  focused(): Promise<string> {
    return this.page.evaluate(
      () => document.activeElement?.ariaLabel ?? document.activeElement?.id ?? document.activeElement?.tagName ?? "",
    )
  }

  /** What was done, as JSON, newest last. */
  done(): Promise<string[]> {
    return this.page.evaluate(() =>
      (globalThis as unknown as { gallery: { done: object[] } }).gallery.done.map((action) => JSON.stringify(action)),
    )
  }

  close(): Promise<void> {
    return this.#end()
  }
}
