import type { VNode } from "preact"
import { emojiName } from "./emoji.ts"
import { Drawn } from "./icons.tsx"
import { PanelFrame } from "./panel.tsx"
import { Button, Twice } from "./parts.tsx"
import type { View } from "./view.ts"

/** Digits in groups of five, so that they can be read aloud. */
export const groups = (digits: string): string[] => digits.match(/.{1,5}/gu) ?? []

/** The code everybody compares, and what comparing it tells. */
export const Code = (view: View): VNode => {
  const { state, say } = view
  const others = state.tiles.some((tile) => !tile.self)
  return (
    <PanelFrame view={view} panel="code" title={say("code.title")}>
      <div class="panel-body">
        {state.moderation.compare === "wanted" && <p class="caution">{say("code.wanted")}</p>}
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
        {others && state.code !== null && <Verdict {...view} />}
        <ul class="meaning">
          <li data-good="true">{say("code.match")}</li>
          <li data-good="false">{say("code.mismatch")}</li>
          <li>{say("code.moves")}</li>
        </ul>
      </div>
    </PanelFrame>
  )
}

/** What comparing has shown. The others are told of a match; whoever sees another code had better go. */
const Verdict = ({ state, act, say }: View): VNode => {
  const done = state.moderation.compare === "done" || state.tiles.some((tile) => tile.self && tile.compared)
  const count = state.tiles.filter((tile) => tile.compared).length
  return (
    <div class="verdict">
      <div role="status">
        {done && (
          <p class="good">
            <Drawn icon="shield" />
            <b>{say("code.compared")}</b>
          </p>
        )}
        {count > 0 && <p class="hint">{say("code.count.other", { n: count, all: state.tiles.length })}</p>}
      </div>
      <div class="row wrap">
        {!done && (
          <Button kind="main" onClick={() => act({ do: "compared", matches: true })}>
            {say("code.matches")}
          </Button>
        )}
        <Twice name={say("code.differs")} ask={say("code.differs-ask")} say={say} onSure={() => act({ do: "compared", matches: false })} />
      </div>
    </div>
  )
}
