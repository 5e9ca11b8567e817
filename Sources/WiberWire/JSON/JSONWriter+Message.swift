public import WiberBase

/// A stored message as HISTORY and the HTTP API write it.
extension JSONWriter {
    /// Writes a message, as a value.
    ///
    /// `subject` is that of messages without one. What is no text is written as base64, as
    /// `headers_base64` and `data_base64`; a subject is written as far as it is text.
    public mutating func object(_ message: Message, subject: String) {
        object { json in
            json.field("sequence", message.sequence.rawValue)
            json.field("time", message.time)
            json.key("subject")
            if let subject = message.body.subject, UTF8Check.isValid(subject) {
                json.string(subject)
            } else if let subject = message.body.subject {
                json.string(String(decoding: subject, as: UTF8.self))  // As far as it is text.
            } else {
                json.string(subject)
            }
            if let id = message.body.id, UTF8Check.isValid(id) {
                json.key("id")
                json.string(id)
            }
            if let headers = message.body.headers { Self.write(headers, into: &json) }
            if UTF8Check.isValid(message.body.payload) {
                json.key("data")
                json.string(message.body.payload)
            } else {
                json.field("data_base64", base64: message.body.payload)
            }
        }
    }

    /// `headers`, each name with all its values; or `headers_base64`, if they are no text.
    private static func write(_ headers: UnsafeRawBufferPointer, into json: inout JSONWriter) {
        guard UTF8Check.isValid(headers) else {
            return json.field("headers_base64", base64: headers)
        }
        json.object("headers") { json in
            for field in NATSHeaders.fields(in: headers) {
                json.key(field.name)
                json.array(field.values) { $0.string($1) }
            }
        }
    }
}
