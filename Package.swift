// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// A library target without dependencies outside this package.
func pure(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one target.
func tests(
    _ name: String,
    _ dependencies: [Target.Dependency] = [],
    exclude: [String] = []
) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

let package = Package(
    name: "wiber",
    products: [.executable(name: "wiber", targets: ["wiber"])],
    traits: [
        .trait(name: "Mutants", description: "Deliberate bugs, one at a time, for ./dev mutants.")
    ],
    dependencies: [
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(
            name: "CWiber",
            cSettings: [.unsafeFlags(["-std=c17", "-Wall", "-Werror"])],
            // The archive of Debian's libzstd-dev: the binary needs no library beside libc.
            linkerSettings: [.linkedLibrary(":libzstd.a")]
        ),
        pure("WiberBase", ["CWiber"]),
        pure("WiberRaft", ["WiberBase"]),
        pure("WiberLog", ["WiberBase"]),
        pure("WiberSubject", ["WiberBase"]),
        pure("WiberTopic", ["WiberBase", "WiberSubject"]),
        pure("WiberMeta", ["WiberBase"]),
        pure("WiberWire", ["WiberBase"]),
        pure("WiberBackup", ["WiberBase", "WiberTopic", "WiberMeta"]),
        pure(
            "WiberNode",
            [
                "WiberBase", "WiberRaft", "WiberLog", "WiberSubject", "WiberTopic", "WiberMeta",
                "WiberBackup", "WiberWire",
            ]
        ),
        pure(
            "WiberSim",
            [
                "WiberBase", "WiberRaft", "WiberLog", "WiberTopic", "WiberMeta", "WiberWire",
                "WiberNode",
            ]
        ),
        .target(
            name: "WiberNIO",
            dependencies: [
                "CWiber", "WiberBase", "WiberLog", "WiberNode", "WiberTopic",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "WiberServer",
            dependencies: [
                "CWiber", "WiberBase", "WiberBackup", "WiberLog", "WiberNIO", "WiberNode",
                "WiberSim", "WiberWire",
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "wiber",
            dependencies: [
                "CWiber", "WiberBackup", "WiberBase", "WiberLog", "WiberNIO", "WiberServer",
                "WiberSim",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "mutants",
            dependencies: ["WiberBase", "WiberSim"],
            swiftSettings: settings
        ),
        // What the fuzzer and the tests of its corpus share.
        pure("WiberFuzz", ["WiberBase", "WiberSubject", "WiberWire"]),
        tests("TidyTests"),
        tests("EndToEndTests", exclude: ["Clients"]),
        tests("WiberBaseTests", ["CWiber", "WiberBase"]),
        tests("WiberRaftTests", ["WiberBase", "WiberRaft", "WiberSim"], exclude: ["Traces"]),
        tests("WiberLogTests", ["WiberBase", "WiberLog"]),
        tests("WiberSubjectTests", ["WiberBase", "WiberSubject"]),
        tests("WiberFuzzTests", ["WiberFuzz"], exclude: ["nats.corpus", "nats.dict"]),
        tests("WiberTopicTests", ["WiberBase", "WiberTopic"]),
        tests(
            "WiberNodeTests",
            [
                "WiberBackup", "WiberBase", "WiberLog", "WiberMeta", "WiberNode", "WiberRaft",
                "WiberTopic", "WiberWire",
            ]
        ),
        tests(
            "WiberSimTests",
            [
                "WiberBase", "WiberLog", "WiberMeta", "WiberNode", "WiberRaft", "WiberSim",
                "WiberTopic", "WiberWire",
            ]
        ),
        tests(
            "WiberNIOTests",
            [
                "WiberBase", "WiberLog", "WiberNIO", "WiberNode", "WiberTopic",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        tests(
            "WiberServerTests",
            ["WiberBackup", "WiberBase", "WiberNIO", "WiberNode", "WiberServer"]
        ),
        tests("WiberWireTests", ["WiberBase", "WiberWire"]),
        tests("WiberMetaTests", ["WiberBase", "WiberMeta"]),
        tests("WiberBackupTests", ["WiberBackup", "WiberBase", "WiberMeta", "WiberTopic"]),
    ]
)

// Only libFuzzer gives this one a `main`, so that `./dev fuzz` alone builds it.
if Context.environment["WIBER_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "FuzzNATS",
            dependencies: ["WiberFuzz"],
            swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]
        )
    )
}
