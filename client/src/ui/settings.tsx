import type { VNode } from "preact"
import type { Codec, Theme } from "../call/state.ts"
import { type Key, languages } from "../i18n.ts"
import { Pickers } from "./devices.tsx"
import { PanelFrame } from "./panel.tsx"
import { setShortcuts, shortcutsOn } from "./shortcuts.ts"
import type { View } from "./view.ts"

const themes: readonly Theme[] = ["system", "light", "dark"]
const codecs: readonly Codec[] = ["auto", "VP8", "VP9", "AV1"]
const keys: readonly (readonly [string, Key])[] = [
  ["M", "set.key-microphone"],
  ["V", "set.key-camera"],
  ["C", "set.key-chat"],
  ["P", "set.key-people"],
]

export const Settings = (view: View): VNode => (
  <PanelFrame view={view} panel="settings" title={view.say("set.title")}>
    <div class="panel-body settings">
      <section aria-labelledby="set-devices">
        <h3 id="set-devices">{view.say("set.devices")}</h3>
        <Pickers {...view} />
      </section>
      <Display {...view} />
      <Shortcuts {...view} />
      <details>
        <summary>{view.say("set.advanced")}</summary>
        <CodecChoice {...view} />
      </details>
      <section class="trust" aria-labelledby="set-trust">
        <h3 id="set-trust">{view.say("set.trust")}</h3>
        <p>{view.say("set.trust-more")}</p>
        <p>{view.say("set.trust-code")}</p>
      </section>
    </div>
  </PanelFrame>
)

/** The value of a list as the member of the list it is. */
const among = <T extends string>(all: readonly T[], value: string): T | undefined => all.find((one) => one === value)

const Display = ({ state, act, say }: View): VNode => (
  <section aria-labelledby="set-display">
    <h3 id="set-display">{say("set.display")}</h3>
    <div class="field">
      <label for="set-language">{say("language")}</label>
      <select
        id="set-language"
        value={state.language}
        onChange={(e) => {
          const chosen = languages.find(([code]) => code === e.currentTarget.value)
          if (chosen !== undefined) act({ do: "language", language: chosen[0] })
        }}
      >
        {languages.map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </div>
    <div class="field">
      <label for="set-theme">{say("set.theme")}</label>
      <select
        id="set-theme"
        value={state.theme}
        onChange={(e) => {
          const theme = among(themes, e.currentTarget.value)
          if (theme !== undefined) act({ do: "theme", theme })
        }}
      >
        {themes.map((theme) => (
          <option key={theme} value={theme}>
            {say(`set.theme-${theme}`)}
          </option>
        ))}
      </select>
    </div>
    <label class="check">
      <input
        type="checkbox"
        checked={state.hideSelf}
        onChange={(e) => act({ do: "hide-self", on: e.currentTarget.checked })}
        aria-describedby="set-hide-self-hint"
      />
      <span>{say("set.hide-self")}</span>
    </label>
    <p class="hint" id="set-hide-self-hint">
      {say("set.hide-self-hint")}
    </p>
  </section>
)

const Shortcuts = ({ say }: View): VNode => (
  <section aria-labelledby="set-keys">
    <h3 id="set-keys">{say("set.keys")}</h3>
    <dl class="keys">
      {keys.map(([key, meaning]) => (
        <div key={key}>
          <dt>
            <kbd>{key}</kbd>
          </dt>
          <dd>{say(meaning)}</dd>
        </div>
      ))}
      <div>
        <dt>
          <kbd>{say("set.keys-escape")}</kbd>
        </dt>
        <dd>{say("set.key-close")}</dd>
      </div>
    </dl>
    <label class="check">
      <input type="checkbox" defaultChecked={shortcutsOn()} onChange={(e) => setShortcuts(e.currentTarget.checked)} />
      <span>{say("set.keys-on")}</span>
    </label>
  </section>
)

const CodecChoice = ({ state, act, say }: View): VNode => (
  <div class="field">
    <label for="set-codec">{say("set.codec")}</label>
    <select
      id="set-codec"
      value={state.codec}
      aria-describedby="set-codec-hint"
      onChange={(e) => {
        const codec = among(codecs, e.currentTarget.value)
        if (codec !== undefined) act({ do: "codec", codec })
      }}
    >
      {codecs.map((codec) => (
        <option key={codec} value={codec}>
          {codec === "auto" ? say("set.auto") : codec}
        </option>
      ))}
    </select>
    <p class="hint" id="set-codec-hint">
      {say("set.codec-hint")}
    </p>
  </div>
)
