import Testing
import WiberBase

@Suite("Mutants")
struct MutantTests {
    #if !Mutants
    @Test func `this build has none`() { #expect(!Mutant.areBuilt) }

    @Test(arguments: Mutant.allCases)
    func `a mutant is off`(mutant: Mutant) { #expect(!mutant.isOn) }
    #endif
}
