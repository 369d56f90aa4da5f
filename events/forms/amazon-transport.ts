import { type Form, fieldsOf, parseText } from './form.js'

/**
 * A message of Amazon SNS, which contains the published message as text (Amazon SNS Developer Guide, "HTTP/HTTPS notification
 * JSON format").
 */
export const snsNotification: Form = ({ Type: type, Message: message }) =>
  type === 'Notification' && typeof message === 'string' ? { wrapped: [parseText(message)] } : undefined

/**
 * A record in which Lambda passes a message of SNS to a function (AWS Lambda Developer Guide, "Using AWS Lambda with Amazon
 * SNS").
 */
export const snsRecord: Form = ({ Sns: sns }) => {
  const { Message: message } = fieldsOf(sns)
  return typeof message === 'string' ? { wrapped: [parseText(message)] } : undefined
}

/**
 * A record in which Lambda passes a message of SQS to a function (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS").
 */
export const sqsRecord: Form = ({ eventSource, body }) =>
  eventSource === 'aws:sqs' && typeof body === 'string' ? { wrapped: [parseText(body)] } : undefined
