/** The two browsers, started with the settings that make them work unattended on loopback. */

import { existsSync } from "node:fs"
import puppeteer, { type Browser, type LaunchOptions } from "puppeteer-core"

export type Kind = "chromium" | "firefox"
export const KINDS: readonly Kind[] = ["chromium", "firefox"]

/** Hz of the tone that Firefox's own fake microphone gives. */
export const FIREFOX_TONE = 1500

const CHROMIUM: LaunchOptions = {
  browser: "chrome",
  executablePath: "/usr/bin/chromium",
  pipe: true,
  args: [
    "--no-sandbox", // the tests run as root, in a namespace of their own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream=fps=20",
    "--allow-loopback-in-peer-connection",
    "--ignore-certificate-errors",
  ],
}

const FIREFOX: LaunchOptions = {
  browser: "firefox",
  executablePath: "/usr/bin/firefox-esr",
  extraPrefsFirefox: {
    "media.navigator.streams.fake": true,
    "media.navigator.audio.fake_frequency": FIREFOX_TONE,
    "media.navigator.permission.disabled": true,
    "media.devices.unfocused.enabled": true, // else only the window in front may list devices
    "media.peerconnection.ice.loopback": true,
    // Else it makes what is sent smaller where the machine is busy, and leaves it so for long.
    "media.peerconnection.video.lock_scaling": true,
    "permissions.default.camera": 1,
    "permissions.default.microphone": 1,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "media.gmp-manager.updateEnabled": false,
    "browser.tabs.remote.separatePrivilegedContentProcess": false,
    "dom.ipc.processPrelaunch.enabled": false,
  },
}

export interface Starting {
  readonly args?: readonly string[] // more flags for Chromium
  readonly prefs?: Readonly<Record<string, number | boolean | string>> // more preferences of Firefox
  readonly executablePath?: string
}

export function launch(kind: Kind, how: Starting = {}): Promise<Browser> {
  const settings = kind === "chromium" ? CHROMIUM : FIREFOX
  const executablePath = how.executablePath ?? settings.executablePath ?? ""
  if (!existsSync(executablePath)) throw new Error(`${executablePath} is missing: apt-get install chromium firefox-esr`)
  return puppeteer.launch({
    ...settings,
    executablePath,
    args: [...(settings.args ?? []), ...(how.args ?? [])],
    extraPrefsFirefox: { ...settings.extraPrefsFirefox, ...how.prefs },
    headless: true,
    acceptInsecureCerts: true,
    timeout: 60_000,
    protocolTimeout: 120_000,
    defaultViewport: { width: 1000, height: 700 },
  })
}

/** One process of each browser, started when first asked for. */
export class Browsers {
  readonly #running = new Map<Kind, Promise<Browser>>()
  readonly #how: Starting

  constructor(how: Starting = {}) {
    this.#how = how
  }

  get(kind: Kind): Promise<Browser> {
    const running = this.#running.get(kind) ?? launch(kind, this.#how)
    this.#running.set(kind, running)
    return running
  }

  async close(): Promise<void> {
    for (const browser of this.#running.values()) await (await browser).close()
    this.#running.clear()
  }
}
