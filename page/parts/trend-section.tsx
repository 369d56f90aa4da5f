import { useState } from 'preact/hooks'
import { type TrendRequest, readTrend } from '../state/trend.js'
import { useAnswer } from '../state/use-answer.js'
import { strings } from '../text/strings.js'
import { Failure } from './message.js'
import { TrendChart } from './trend-chart.js'

/** What was stored over a period that the reader chooses. Only known days are shown. */
export function TrendSection ({ request }: { request: Omit<TrendRequest, 'dayCount'> }) {
  const [dayCount, setDayCount] = useState(30)
  const { data, error, readAgain } = useAnswer(
    (service, signal) => readTrend(service, { ...request, dayCount }, strings.trend.others, signal),
    [dayCount, request.createdBy, request.workflowId, request.parts.map(({ workflowId }) => workflowId)])
  return (
    <section id='history' class='history' aria-labelledby='history-heading' aria-busy={data === undefined && error === undefined}>
      <div class='section-head'>
        <h2 id='history-heading'>{strings.trend.heading}</h2>
        <fieldset class='periods'>
          <legend class='visually-hidden'>{strings.trend.period}</legend>
          {strings.trend.periods.map(({ days, name }) => (
            <label key={days}>
              <input type='radio' name='period' value={days} checked={days === dayCount} onChange={() => { setDayCount(days) }} /> <span>{name}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <Failure error={error} onRetry={readAgain} />
      {data === undefined
        ? <div class='chart-place' aria-hidden='true' />
        : data.days.length > 1 ? <TrendChart trend={data} /> : <p id='history-empty' class='hint'>{strings.trend.begins}</p>}
    </section>
  )
}
