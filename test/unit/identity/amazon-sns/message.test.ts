import t from 'tap'
import { readSnsMessage, stringToSign } from '../../../../identity/amazon-sns/message.js'

const unsigned = { SignatureVersion: '1', Signature: 'EXAMPLE', SigningCertURL: 'https://sns.us-east-2.amazonaws.com/x.pem' }
// "Verifying the signatures of Amazon SNS messages", Amazon SNS Developer Guide: these fields, and the text that is signed.
const notification = {
  ...unsigned,
  Type: 'Notification',
  MessageId: '4d4dc071-ddbf-465d-bba8-08f81c89da64',
  TopicArn: 'arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P',
  Subject: 'My subject',
  Message: 'My Test Message',
  Timestamp: '2019-01-31T04:37:04.321Z',
}
const confirmation = {
  ...unsigned,
  Type: 'SubscriptionConfirmation',
  MessageId: '3d891288-136d-417f-bc05-901c108273ee',
  Token: '233...',
  TopicArn: notification.TopicArn,
  Message: 'My Test Message',
  SubscribeURL: 'https://sns.us-east-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P&Token=233...',
  Timestamp: '2019-01-31T19:25:13.719Z',
}
const signedText = (body: unknown) => {
  const message = readSnsMessage(body)
  return message === undefined ? undefined : stringToSign(message)
}

t.test('what is signed of a notification is what Amazon\'s documentation shows', async (t) => {
  t.equal(signedText(notification), `Message
My Test Message
MessageId
4d4dc071-ddbf-465d-bba8-08f81c89da64
Subject
My subject
Timestamp
2019-01-31T04:37:04.321Z
TopicArn
arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P
Type
Notification
`)
})

t.test('what is signed of a confirmation is what Amazon\'s documentation shows, of either kind', async (t) => {
  for (const Type of ['SubscriptionConfirmation', 'UnsubscribeConfirmation']) {
    t.equal(signedText({ ...confirmation, Type }), `Message
My Test Message
MessageId
3d891288-136d-417f-bc05-901c108273ee
SubscribeURL
https://sns.us-east-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P&Token=233...
Timestamp
2019-01-31T19:25:13.719Z
Token
233...
TopicArn
arn:aws:sns:us-east-2:123456789012:s4-MySNSTopic-1G1WEFCOXTC0P
Type
${Type}
`)
  }
})

t.test('a subject is signed where there is one, empty or not', async (t) => {
  t.match(signedText({ ...notification, Subject: '' }), '\nSubject\n\nTimestamp\n')
  for (const Subject of [undefined, null]) t.notMatch(signedText({ ...notification, Subject }), 'Subject')
})

t.test('the order of the members and members that are not signed change nothing', async (t) => {
  const other = Object.fromEntries(Object.entries({ ...notification, UnsubscribeURL: 'x', Token: 'y' }).reverse())
  t.equal(signedText(other), signedText(notification))
})

t.test('a line break is text in the message, and moves no field\'s end elsewhere', async (t) => {
  t.match(signedText({ ...notification, Message: 'one\ntwo\r\n' }), /^Message\none\ntwo\r\n\nMessageId\n/)
  for (const name of ['MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']) {
    for (const lineBreak of ['\n', '\r']) t.equal(readSnsMessage({ ...notification, [name]: `a${lineBreak}b` }), undefined, name)
  }
  for (const name of ['SubscribeURL', 'Token']) t.equal(readSnsMessage({ ...confirmation, [name]: 'a\nb' }), undefined, name)
  // Otherwise one published message could pass for another one with the same signature.
  const published = { ...notification, Message: 'harmless\nMessageId\nx\nSubject\ny' }
  const split = { ...notification, Message: 'harmless', MessageId: `x\nSubject\ny\nMessageId\n${notification.MessageId}` }
  t.equal(signedText(published)?.startsWith('Message\nharmless\nMessageId\nx\n'), true)
  t.equal(readSnsMessage(split), undefined)
})

t.test('what lacks a field, or has one of another type, is no message', async (t) => {
  for (const [kind, fields] of Object.entries({ notification, confirmation })) {
    for (const name of Object.keys(fields)) {
      if (name === 'Subject') continue
      for (const value of [undefined, null, 1, {}, [], true]) t.equal(readSnsMessage({ ...fields, [name]: value }), undefined, `${kind}: ${name}`)
    }
  }
  for (const body of [undefined, null, 'text', 1, [], [notification], {}, Object.create(notification)]) t.equal(readSnsMessage(body), undefined)
  t.equal(readSnsMessage({ ...notification, Type: 'Other' }), undefined)
  t.equal(readSnsMessage({ Records: [] }), undefined, 'raw delivery')
})
