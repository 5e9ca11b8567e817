import Foundation
import WiberNode
import WiberServer

let arguments = CommandLine.arguments
let name = arguments[1]
let ports = [9101, 9102, 9103].prefix(Int(arguments[3]) ?? 3)
let nodes = ports.enumerated().map { place, port in
    NodeAddress(name: "n\(place + 1)", host: "127.0.0.1", port: port, rpcPort: port + 1000, httpPort: port + 4000, listen: "127.0.0.1")
}
do {
    try await NodeRunner(configuration: NodeConfiguration(cluster: "demo", nodeName: name, nodes: Array(nodes)), directory: arguments[2] + "/" + name).run()
} catch {
    FileHandle.standardError.write(Data("wiber: \(error)\n".utf8))
    exit(1)
}
