import type { VNode } from "preact"
import { emojiName } from "./emoji.ts"
import { PanelFrame } from "./panel.tsx"
import type { View } from "./view.ts"

/** Digits in groups of five, so that they can be read aloud. */
export const groups = (digits: string): string[] => digits.match(/.{1,5}/gu) ?? []

/** The code everybody compares, and what comparing it tells. */
export const Code = (view: View): VNode => {
  const { state, say } = view
  return (
    <PanelFrame view={view} panel="code" title={say("code.title")}>
      <div class="panel-body">
        <p>{say("code.how")}</p>
        {state.code === null ? (
          <p class="computing" role="status">
            {say("code.computing")}
          </p>
        ) : (
          <>
            <ol class="emoji" aria-label={say("code.emoji")}>
              {state.code.emoji.map((symbol, i) => (
                <li key={`${i} ${symbol}`}>
                  <span class="emoji-symbol" aria-hidden="true">
                    {symbol}
                  </span>
                  <span class="emoji-name">{emojiName(symbol, state.language)}</span>
                </li>
              ))}
            </ol>
            <h3 class="digits-title">{say("code.digits")}</h3>
            <p class="digits">
              {groups(state.code.digits).map((group, i) => (
                <span key={`${i} ${group}`}>{group} </span>
              ))}
            </p>
          </>
        )}
        <ul class="meaning">
          <li data-good="true">{say("code.match")}</li>
          <li data-good="false">{say("code.mismatch")}</li>
          <li>{say("code.moves")}</li>
        </ul>
      </div>
    </PanelFrame>
  )
}
