import Foundation

/// The payload of a message in the reply to HISTORY.
func payload(of message: [String: Any]) -> [UInt8]? {
    if let text = message["data"] as? String { return Array(text.utf8) }
    guard let text = message["data_base64"] as? String, let data = Data(base64Encoded: text) else {
        return nil
    }
    return Array(data)
}
