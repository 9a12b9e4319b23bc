import type { VNode } from "preact"
import type { Codec, Theme } from "../call/state.ts"
import { type Key, languages } from "../i18n.ts"
import { Pickers } from "./devices.tsx"
import { MaskOptions } from "./mask-options.tsx"
import { PanelFrame } from "./panel.tsx"
import { Choice } from "./parts.tsx"
import { setShortcuts, shortcutsOn } from "./shortcuts.ts"
import type { View } from "./view.ts"

const themes: readonly Theme[] = ["system", "light", "dark"]
const codecs: readonly Codec[] = ["auto", "VP8", "VP9", "AV1"]
const keys: readonly (readonly [string, Key])[] = [
  ["M", "set.key-microphone"],
  ["V", "set.key-camera"],
  ["H", "set.key-hand"],
  ["C", "set.key-chat"],
  ["P", "set.key-people"],
]

export const Settings = (view: View): VNode => (
  <PanelFrame view={view} panel="settings" title={view.say("set.title")}>
    <div class="panel-body settings">
      <section aria-labelledby="set-devices">
        <h3 id="set-devices">{view.say("set.devices")}</h3>
        <Pickers {...view} speakerOnly={view.state.moderation.role === "viewer"} />
      </section>
      {view.state.moderation.role !== "viewer" && (
        <section aria-labelledby="set-masks">
          <h3 id="set-masks">{view.say("mask.title")}</h3>
          <MaskOptions {...view} />
        </section>
      )}
      <Display {...view} />
      <Shortcuts {...view} />
      <details>
        <summary>{view.say("set.advanced")}</summary>
        <Choice
          id="set-codec"
          label={view.say("set.codec")}
          value={view.state.codec}
          options={codecs.map((codec) => [codec, codec === "auto" ? view.say("set.auto") : codec])}
          hint={view.say("set.codec-hint")}
          onChoose={(codec) => view.act({ do: "codec", codec })}
        />
      </details>
      <section class="trust" aria-labelledby="set-trust">
        <h3 id="set-trust">{view.say("set.trust")}</h3>
        <p>{view.say("set.trust-more")}</p>
        <p>{view.say("set.trust-code")}</p>
      </section>
    </div>
  </PanelFrame>
)

const Display = ({ state, act, say }: View): VNode => (
  <section aria-labelledby="set-display">
    <h3 id="set-display">{say("set.display")}</h3>
    <Choice
      id="set-language"
      label={say("language")}
      value={state.language}
      options={languages}
      onChoose={(language) => act({ do: "language", language })}
    />
    <Choice
      id="set-theme"
      label={say("set.theme")}
      value={state.theme}
      options={themes.map((theme) => [theme, say(`set.theme-${theme}`)])}
      onChoose={(theme) => act({ do: "theme", theme })}
    />
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
